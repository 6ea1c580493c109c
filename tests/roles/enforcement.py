"""Clients that do what the role of the function at work allows, and note what was used of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.roles.evaluation import Grant
from tests.roles.needs import needs_of, needs_of_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.roles.evaluation import Need, Roles


class NotGranted(BaseException):
    """AWS would refuse a call. Nothing that a function catches: a refusal must not be taken for an outage."""


class Gate:
    """Knows which function is at work; `used` is what each has used of its role."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.used: dict[str, set[Grant]] = {}
        self._working: str | None = None

    @contextmanager
    def at_work(self, function: str) -> Iterator[None]:
        """Let calls be those of a function, until it or the one that it has invoked is done."""
        before, self._working = self._working, function
        try:
            yield
        finally:
            self._working = before

    def check(self, need: Need) -> None:
        """NotGranted when the function at work may not; tests themselves may do anything."""
        function = self._working
        if function is None:
            return
        grants = [
            Grant(statement.sid, need.action)
            for statement in self.roles.of(function)
            if statement.allows(need)
        ]
        if not grants:
            raise NotGranted(f"{function} may not {need.action} on {need.resource} {dict(need.context)}")
        self.used.setdefault(function, set()).update(grants)


class Guarded:
    """A client whose calls pass the gate."""

    def __init__(self, service: str, client: Any, gate: Gate) -> None:
        self._service = service
        self._client = client
        self._gate = gate

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self._client, operation)
        if not callable(found):
            return found

        def call(**request: Any) -> Any:
            for need in needs_of(self._service, operation, request):
                self._gate.check(need)
            try:
                return found(**request)
            except ClientError as error:
                for need in needs_of_failure(self._service, request, error):
                    self._gate.check(need)
                raise

        return call
