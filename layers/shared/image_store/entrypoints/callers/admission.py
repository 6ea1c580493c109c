"""Counts the requests of API keys that have a limit of requests, before a handler runs, and what limits refuse.

What counts is registered by `bootstrap`, which this package must not import.
"""

from collections.abc import Callable
from typing import Protocol

from image_store.domain.callers.caller import Caller
from image_store.domain.errors import ImageStoreError


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


def _unheard(_: str) -> None:
    raise RuntimeError("nothing that counts refusals is registered")


_count_refusal: Callable[[str], None] = _unheard


def count_refusals_with(count: Callable[[str], None]) -> None:
    """Register what counts refusals; it gets the code of the error."""
    global _count_refusal
    _count_refusal = count


def note_refusal(error: ImageStoreError) -> None:
    """Count a refusal, if a limit of an API key caused it."""
    if error.is_of_key:
        _count_refusal(error.code)


def admit(caller: Caller) -> None:
    """Let a request in, unless its API key has used up its requests; raises RateLimited or StorageUnavailable."""
    if caller.limits.requests_per_minute is not None:
        _counter().count(caller)
