"""Clients that do what the role of the function at work allows, and note what was used of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.roles.needs import needs_of, needs_of_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.roles.evaluation import Grant, Need, Roles


class NotGranted(BaseException):
    """AWS would refuse a call. Nothing that a function catches: a refusal must not be taken for an outage."""


class Gate:
    """Knows which function is at work; `used` is what each has used of its role."""

    def __init__(self, roles: Roles, used: dict[str, set[Grant]] | None = None) -> None:
        self.roles = roles
        self.used = {} if used is None else used
        self._working: Any = SimpleNamespace(function=None)

    @contextmanager
    def at_work(self, function: str) -> Iterator[None]:
        """Let calls be those of a function, until it or the one that it has invoked is done."""
        before = self._at_work
        self._working.function = function
        try:
            yield
        finally:
            self._working.function = before

    def check(self, need: Need) -> None:
        """NotGranted when the function at work may not; tests themselves may do anything."""
        function = self._at_work
        if function is None:
            return
        grants = self.roles.granting(function, need)
        if not grants:
            raise NotGranted(f"{function} may not {need.action} on {need.resource} {dict(need.context)}")
        self.used.setdefault(function, set()).update(grants)

    @property
    def _at_work(self) -> str | None:
        return getattr(self._working, "function", None)


class GatePerThread(Gate):
    """A gate for functions that are at work side by side, each in one thread."""

    def __init__(self, roles: Roles, used: dict[str, set[Grant]] | None = None) -> None:
        super().__init__(roles, used)
        self._working = threading.local()


class Guarded:
    """A client whose calls pass the gate."""

    def __init__(self, service: str, client: Any, gate: Gate) -> None:
        self._service = service
        self._client = client
        self._gate = gate

    def __getattr__(self, operation: str) -> Any:
        attribute = getattr(self._client, operation)
        if not callable(attribute):
            return attribute

        def call(**request: Any) -> Any:
            for need in needs_of(self._service, operation, request):
                self._gate.check(need)
            try:
                return attribute(**request)
            except ClientError as error:
                for need in needs_of_failure(self._service, request, error):
                    self._gate.check(need)
                raise

        return call
