"""Counts the requests of API keys that have a limit of requests, before a handler runs, and what limits refuse.

What counts is registered by `bootstrap`, which this package must not import.
"""

from typing import Protocol

from image_store.domain.callers.caller import Caller
from image_store.domain.errors import ImageStoreError


class KeyCounters(Protocol):
    """Counts what API keys do with their limits."""

    def count_request(self, caller: Caller) -> None:
        """Count a request, or raise RateLimited or StorageUnavailable."""
        ...

    def count_refusal(self, code: str) -> None:
        """Count a refusal by a limit, by the code of its error."""
        ...


_registered: KeyCounters | None = None


def count_with(counters: KeyCounters) -> None:
    """Register what counts."""
    global _registered
    _registered = counters


def _counters() -> KeyCounters:
    if _registered is None:
        raise RuntimeError("nothing that counts for API keys is registered")
    return _registered


def note_refusal(error: ImageStoreError) -> None:
    """Count a refusal, if a limit of an API key caused it."""
    if error.is_of_key:
        _counters().count_refusal(error.code)


def admit(caller: Caller) -> None:
    """Let a request in, unless its API key has used up its requests; raises RateLimited or StorageUnavailable."""
    if caller.limits.requests_per_minute is not None:
        _counters().count_request(caller)
