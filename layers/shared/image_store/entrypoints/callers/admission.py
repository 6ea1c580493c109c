"""Counts the requests of API keys that have a limit of requests, before a handler runs.

What counts is registered by `bootstrap`, which this package must not import.
"""

from collections.abc import Callable
from typing import Protocol

from image_store.domain.callers.caller import Caller


class RequestCounter(Protocol):
    """Counts requests of callers."""

    def count(self, caller: Caller) -> None:
        """Count one, or raise RateLimited or StorageUnavailable."""
        ...


def _unregistered() -> RequestCounter:
    raise RuntimeError("no counter of requests is registered")


_counter: Callable[[], RequestCounter] = _unregistered


def count_requests_with(counter: Callable[[], RequestCounter]) -> None:
    """Register what counts; it is made at the first request that has to be counted."""
    global _counter
    _counter = counter


def admit(caller: Caller) -> None:
    """Let a request in, unless its API key has used up its requests; raises RateLimited or StorageUnavailable."""
    if caller.limits.requests_per_minute is not None:
        _counter().count(caller)
