"""A cache of answers, for later calls that would request the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable
    from contextlib import AbstractAsyncContextManager

    from image_store_client.http.runtime import Runtime

T = TypeVar("T")
MAX_CACHED_ANSWERS = 1_000


class AnswerCache(Generic[T]):
    """Answers by key, the last `MAX_CACHED_ANSWERS`; safe to use from several threads or tasks.

    Calls with one key at the same time make one request, whose answer or error is that of all.
    """

    def __init__(self, runtime: Runtime, *, clock: Callable[[], float] = time.time) -> None:
        self._runtime = runtime
        self._clock = clock  # of the calendar: a monotonic one stands still while a machine sleeps
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[tuple[T, float]]]) -> T:
        """Return the cached answer; otherwise `ask`, which returns the answer and the seconds to keep it."""
        entry = self._entry_of(key)
        failures = entry.failures
        async with entry.lock:
            if entry.answer is not None and self._clock() < entry.until:
                return entry.answer
            if entry.error is not None and entry.failures > failures:
                raise entry.error
            begun = self._clock()
            try:
                entry.answer, seconds = await ask()
            except Exception as error:
                entry.error, entry.failures = error, entry.failures + 1
                raise
            entry.error, entry.until = None, begun + seconds
            return entry.answer

    def forget(self, is_over: Callable[[T], bool]) -> None:
        """Forget answers that are no longer right."""
        with self._lock:
            over = [
                key
                for key, entry in self._entries.items()
                if entry.answer is not None and is_over(entry.answer)
            ]
            for key in over:
                del self._entries[key]

    def _entry_of(self, key: Hashable) -> _Entry[T]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = _Entry(self._runtime.lock())
            self._entries.move_to_end(key)
            if len(self._entries) > MAX_CACHED_ANSWERS:
                self._entries.popitem(last=False)
            return entry


class _Entry(Generic[T]):
    """One answer, or the error of the last attempt to get it."""

    def __init__(self, lock: AbstractAsyncContextManager[None]) -> None:
        self.lock = lock
        self.answer: T | None = None
        self.until = 0.0
        self.error: Exception | None = None
        self.failures = 0
