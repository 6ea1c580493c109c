"""Sends items again that were lost on their way to the queue or with their worker, and cleans up after jobs."""

import logging
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import Conflict, UnreadableRow
from image_store.domain.generation.jobs import LONGEST_LOOK, Job, JobItem, JobItemState, work_on
from image_store.ports.generation import Generations
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.services.generation.jobs import LOOK_AFTER
from image_store.services.generation.provider_results import ProviderResults

GRACE = LONGEST_LOOK
"""The age from which a provider result of an ended job counts as left over."""
_JOBS = 100
_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True)
class SweptJobs:
    """Counts of one run of the sweep."""

    looked_at: int = 0
    sent: int = 0
    done: int = 0
    """Jobs that have ended, with nothing left over."""
    unreadable: int = 0
    """Jobs whose rows cannot be read; they are left as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSweep:
    """Sends idle items again, and removes what ended jobs have left over."""

    generations: Generations
    results: ProviderResults
    work: WorkQueue
    clock: Clock

    def run(self, *, until: datetime) -> SweptJobs:
        """Look at the jobs that are due. Safe to repeat and to run in several places at once."""
        looked_at = sent = done = unreadable = 0
        for job_id in self.generations.due(self.clock.now(), limit=_JOBS):
            if self.clock.now() >= until:
                break
            try:
                row = self.generations.items(job_id)
            except UnreadableRow as error:  # the other jobs go on
                unreadable += 1
                _log.error("a job cannot be read: %s", error.message)
                continue
            if row is None:
                continue
            job, items = row
            looked_at += 1
            try:
                if job.has_ended:
                    done += self._clear(job)
                else:
                    sent += self._send_again(job, items)
            except Conflict:
                continue  # it was changed meanwhile, so a worker has it
        return SweptJobs(looked_at, sent, done, unreadable)

    def _clear(self, job: Job) -> bool:
        now = self.clock.now()
        cleared = self.results.remove_all(job.id, before=now - GRACE)
        self.generations.schedule(job, at=None if cleared else now + GRACE)
        return cleared

    def _send_again(self, job: Job, items: list[JobItem]) -> int:
        now = self.clock.now()
        idle = [work_on(item) for item in items if _is_idle(item, now)]
        left = self.work.send_all(idle) if idle else ()
        if not left:  # otherwise the job stays due
            self.generations.schedule(job, at=now + LOOK_AFTER)
        return len(idle) - len(left)


def _is_idle(item: JobItem, now: datetime) -> bool:
    if item.state is JobItemState.RUNNING:
        return item.may_be_taken(now)
    return item.state is JobItemState.QUEUED and item.is_to_begin(now)
