"""Writes changes of job items, and sends items that have more work to the queue."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.generation.budget import Budgets
from image_store.domain.generation.jobs import LONGEST_LEASE, JobItem, JobItemChange, JobItemState, work_on
from image_store.domain.generation.ledger import CallOutcome, ProviderCall
from image_store.ports.generation import Generations
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids

LEASE = LONGEST_LEASE
"""Longer than the longest run of the function that holds it (300 s)."""
LONGEST_DELAY = timedelta(minutes=15)
"""The longest delay that the queue allows."""

_log = logging.getLogger("image_store.generation")


class LeaseLost(Exception):
    """Another worker has changed the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobItemWriter:
    """Moves one item at a time from state to state. Every change raises LeaseLost if another worker was first."""

    generations: Generations
    work: WorkQueue
    budgets: Budgets
    report: Callable[[CallOutcome], None]
    """Receives the outcome of every call that ended."""
    clock: Clock
    ids: Ids

    def move(
        self, item: JobItem, state: JobItemState, *, outcome: CallOutcome | None = None, **changes: object
    ) -> JobItem:
        """Write the next version of an item, together with the outcome of a call that ended."""
        after = item.moved_to(state, change=self.ids.token(), **changes)
        try:
            self.generations.change(
                [JobItemChange(before=item, after=after, outcome=outcome)],
                at=self.clock.now(),
                budgets=self.budgets,
            )
        except Conflict as error:
            raise LeaseLost from error
        if outcome is not None:
            self.report(outcome)
        return after

    def lease(self, item: JobItem, call: ProviderCall, *, since: datetime) -> JobItem:
        """Lease an item for a new call."""
        return self.move(
            item,
            JobItemState.RUNNING,
            calls=item.calls + 1,
            call=call,
            provider=call.provider,
            model=call.model,
            lease_until=since + LEASE,
            is_call_recorded=False,
            error=None,
        )

    def end(
        self, item: JobItem, state: JobItemState, *, outcome: CallOutcome | None = None, **changes: object
    ) -> None:
        """Write the last version of an item and release its hold."""
        self.move(item, state, outcome=outcome, hold=None, lease_until=None, **changes)

    def requeue(
        self, item: JobItem, *, not_before: datetime, outcome: CallOutcome | None = None, **changes: object
    ) -> None:
        """Release the lease and send the item to the queue for a later time."""
        waiting = self.move(
            item,
            JobItemState.QUEUED,
            outcome=outcome,
            not_before=not_before,
            lease_until=None,
            **changes,
        )
        self.send(waiting)

    def send(self, item: JobItem) -> None:
        """Send an item to the queue, due at its `not_before`, in at most 15 minutes.

        If the queue does not take it, the sweep sends it.
        """
        delay = item.not_before - self.clock.now()
        delay = min(max(delay, timedelta(0)), LONGEST_DELAY)
        try:
            self.work.send(work_on(item), delay=delay)
        except StorageUnavailable:
            _log.warning(
                "the queue did not take an image; the sweep will send it", extra={"job": item.job_id}
            )
