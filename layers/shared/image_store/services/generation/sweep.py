"""Looking after jobs that have not ended: what was lost on its way to the queue, or with its worker, is sent again."""

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
"""How old an answer has to be before it counts as left over."""
_JOBS = 100
_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True)
class SweptJobs:
    """What a run of the sweep did."""

    looked_at: int = 0
    sent: int = 0
    done: int = 0
    """Jobs that have ended, and have nothing left over."""
    unreadable: int = 0
    """Jobs whose rows cannot be read; they are left as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSweep:
    """Sends again what nobody works on, and clears up after jobs that have ended."""

    generations: Generations
    kept: ProviderResults
    work: WorkQueue
    clock: Clock

    def run(self, *, until: datetime) -> SweptJobs:
        """Look at the jobs that are due. Safe to repeat, and to do in several places at once."""
        looked_at = sent = done = unreadable = 0
        for job_id in self.generations.due(self.clock.now(), limit=_JOBS):
            if self.clock.now() >= until:
                break
            try:
                found = self.generations.items(job_id)
            except UnreadableRow as error:  # the other jobs go on
                unreadable += 1
                _log.error("a job cannot be read: %s", error.message)
                continue
            if found is None:
                continue
            job, items = found
            looked_at += 1
            try:
                if job.ended:
                    done += self._clear(job)
                else:
                    sent += self._send_again(job, items)
            except Conflict:
                continue  # it goes on by itself
        return SweptJobs(looked_at, sent, done, unreadable)

    def _clear(self, job: Job) -> bool:
        now = self.clock.now()
        cleared = self.kept.remove_all(job.id, before=now - GRACE)
        self.generations.look_again(job, at=None if cleared else now + GRACE)
        return cleared

    def _send_again(self, job: Job, items: list[JobItem]) -> int:
        now = self.clock.now()
        idle = [work_on(item) for item in items if _is_idle(item, now)]
        left = self.work.send_all(idle) if idle else ()
        if not left:  # or else the job stays due
            self.generations.look_again(job, at=now + LOOK_AFTER)
        return len(idle) - len(left)


def _is_idle(item: JobItem, now: datetime) -> bool:
    if item.state is JobItemState.RUNNING:
        return item.may_be_taken(now)
    return item.state is JobItemState.QUEUED and item.is_to_begin(now)
