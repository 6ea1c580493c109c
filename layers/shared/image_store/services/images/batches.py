"""Runs one operation on many items of a request, a few at a time; each item succeeds or fails on its own."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import DeadlineExceeded, ImageStoreError
from image_store.ports.system import Clock

CONCURRENCY = 5
LAST_STEP = timedelta(seconds=2)
"""How long a running item may continue after the deadline: it may be at its last write."""

logger = logging.getLogger("image_store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Runs batches in threads: items mostly wait for storage, or decode while the interpreter's lock is released."""

    clock: Clock
    concurrency: int = CONCURRENCY
    last_step: timedelta = LAST_STEP

    def run[I, R](
        self, items: Sequence[I], do: Callable[[I], R], *, until: datetime
    ) -> list[R | ImageStoreError]:
        """The result or error of `do` for each item, in the order of the items. Items start in that order.

        An item that did not start by `until`, or did not end soon after, gets DeadlineExceeded; one that started may
        still succeed. An unexpected error is logged and replaced by an ImageStoreError that hides its cause.
        """

        def attempt(item: I) -> R | ImageStoreError:
            return do(item) if self.clock.now() < until else _too_late()

        pool = ThreadPoolExecutor(self.concurrency)
        running = [pool.submit(attempt, item) for item in items]
        wait(running, timeout=max(0.0, (until + self.last_step - self.clock.now()).total_seconds()))
        # An item that hangs is abandoned. It leaves no more than a function that stops halfway.
        pool.shutdown(wait=False, cancel_futures=True)
        return [_outcome(future) for future in running]


def _outcome[R](future: Future[R]) -> R | ImageStoreError:
    if future.cancelled() or not future.done():
        return _too_late()
    try:
        return future.result()
    except ImageStoreError as error:
        return error
    except Exception:
        logger.exception("unexpected error")
        return ImageStoreError("Something went wrong on our side.")


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded(
        "The request had no time left for this item; send it again.", retry_after=timedelta(seconds=1)
    )
