"""Many things of one kind in one request: a few at a time, each with a result of its own.

What one of them does, or how it fails, changes nothing for the others.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import DeadlineExceeded, ImageStoreError
from image_store.ports.system import Clock

CONCURRENCY = 5
LAST_STEP = timedelta(seconds=2)
"""What has begun may go on for so long after the deadline: it may be at its last write, whose outcome matters."""

logger = logging.getLogger("image_store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """Runs batches in threads: what is slow waits for storage, or decodes outside of the interpreter's lock."""

    clock: Clock
    concurrency: int = CONCURRENCY
    last_step: timedelta = LAST_STEP

    def run[I, R](
        self, items: Sequence[I], do: Callable[[I], R], *, until: datetime
    ) -> list[R | ImageStoreError]:
        """What `do` answered or raised for each item, in the order of the items, which are begun in that order.

        Items that were not begun by `until`, or are not done soon after, have DeadlineExceeded for their result; the
        latter may be done all the same. An error that is none of the store's is logged, and answered as one without a
        word about its cause.
        """

        def attempt(item: I) -> R | ImageStoreError:
            return do(item) if self.clock.now() < until else _too_late()

        pool = ThreadPoolExecutor(self.concurrency)
        running = [pool.submit(attempt, item) for item in items]
        wait(running, timeout=max(0.0, (until + self.last_step - self.clock.now()).total_seconds()))
        # Nobody waits for what hangs: it is bound by the same rules as a function that was ended on its way.
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
        "There was no time left for this one in the request; send it again.", retry_after=timedelta(seconds=1)
    )
