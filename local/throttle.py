"""Run only as many requests at once as the machine can serve; others wait in line, and a full line refuses more.

On Lambda each request gets its own environment. Here each is a process on a laptop: if all started at once, they would
slow each other down until all of them time out.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AT_ONCE_PER_CORE = 2
LEAST_AT_ONCE = 4
WAITING_PER_PLACE = 64
LONGEST_WAIT_SECONDS = 20.0


class TooManyRequests(Exception):
    """The line is full, or the wait was too long."""


class Throttle:
    """Places for running requests, and a line of bounded length and time for waiting ones."""

    def __init__(
        self, *, at_once: int, waiting: int, longest_wait_seconds: float = LONGEST_WAIT_SECONDS
    ) -> None:
        self._at_once = at_once
        self._places = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._waiting = 0
        self._longest_wait_seconds = longest_wait_seconds

    def of_the_same_size(self) -> Throttle:
        """Return another throttle with as many places."""
        return Throttle(
            at_once=self._at_once,
            waiting=self._most_waiting,
            longest_wait_seconds=self._longest_wait_seconds,
        )

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place while the block runs; TooManyRequests if there is none in time."""
        if self._places.locked():
            await self._wait()
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    async def _wait(self) -> None:
        if self._waiting >= self._most_waiting:
            raise TooManyRequests
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise TooManyRequests from None
        finally:
            self._waiting -= 1


def throttle_for_this_machine() -> Throttle:
    """Return a throttle for this machine's number of processors."""
    at_once = max(LEAST_AT_ONCE, AT_ONCE_PER_CORE * (os.cpu_count() or 1))
    return Throttle(at_once=at_once, waiting=WAITING_PER_PLACE * at_once)
