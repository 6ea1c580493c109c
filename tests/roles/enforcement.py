"""Clients that allow only what the role of the running function grants, and record the used grants."""

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


OWN_BUCKETS = frozenset({"private", "public"})


class NotGranted(BaseException):
    """AWS would refuse a call. Functions cannot catch it, so that a refusal is not treated as an outage."""


class Gate:
    """Knows which function is running; `used` has the grants that each function has used."""

    def __init__(self, roles: Roles, used: dict[str, set[Grant]] | None = None) -> None:
        self.roles = roles
        self.used = {} if used is None else used
        self._working: Any = SimpleNamespace(function=None)

    @contextmanager
    def at_work(self, function: str) -> Iterator[None]:
        """Attribute calls in this block to a function."""
        before = self._at_work
        self._working.function = function
        try:
            yield
        finally:
            self._working.function = before

    def check(self, need: Need) -> None:
        """Raise NotGranted if the running function lacks the grant; tests themselves may do anything."""
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
    """A gate for functions that run concurrently, each in its own thread."""

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


class GuardedBuckets:
    """A client of S3 whose calls pass the gate if they are about the store's own two buckets.

    Other buckets, such as that of backups, have keys of their own.
    """

    def __init__(self, client: Any, gate: Gate) -> None:
        self._client = client
        self._guarded = Guarded("s3", client, gate)

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            client = self._guarded if request["Bucket"] in OWN_BUCKETS else self._client
            return getattr(client, operation)(**request)

        return call
