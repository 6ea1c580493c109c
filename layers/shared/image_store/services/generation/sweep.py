"""Looking after jobs that have not ended: what was lost on its way to the queue, or with its worker, is sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.errors import Conflict
from image_store.domain.generation import Item, ItemState, Job
from image_store.domain.work import GenerateImage
from image_store.ports.generation import Generations
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.services.generation.kept import KeptAnswers
from image_store.services.generation.requests import LOOK_AFTER

GRACE = timedelta(hours=1)
"""How old an answer has to be before it counts as left over."""
_JOBS = 100


@dataclass(frozen=True, slots=True)
class SweptJobs:
    """What a run of the sweep did."""

    looked_at: int = 0
    sent: int = 0
    done: int = 0
    """Jobs that have ended, and have nothing left over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSweep:
    """Sends again what nobody works on, and clears up after jobs that have ended."""

    generations: Generations
    kept: KeptAnswers
    work: WorkQueue
    clock: Clock

    def run(self, *, until: datetime) -> SweptJobs:
        """Look at the jobs that are due. Safe to repeat, and to do in several places at once."""
        looked_at = sent = done = 0
        for job_id in self.generations.due(self.clock.now(), limit=_JOBS):
            if self.clock.now() >= until:
                break
            found = self.generations.items(job_id)
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
        return SweptJobs(looked_at, sent, done)

    def _clear(self, job: Job) -> bool:
        now = self.clock.now()
        cleared = self.kept.remove_all(job.id, before=now - GRACE)
        self.generations.look_again(job, at=None if cleared else now + GRACE)
        return cleared

    def _send_again(self, job: Job, items: list[Item]) -> int:
        now = self.clock.now()
        idle = [item for item in items if _is_idle(item, now)]
        for item in idle:
            self.work.send(GenerateImage(item.job_id, item.index))
        self.generations.look_again(job, at=now + LOOK_AFTER)
        return len(idle)


def _is_idle(item: Item, now: datetime) -> bool:
    if item.state is ItemState.RUNNING:
        return item.lease_until is None or item.lease_until <= now
    return item.state is ItemState.QUEUED and item.not_before <= now
