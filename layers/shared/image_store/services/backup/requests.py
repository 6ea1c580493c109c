"""Begins runs of the backup, does their work, and reports their progress."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.backup.jobs import LONGEST_RUN, BackupJob, BackupStatus, BackupTask
from image_store.domain.errors import BackupNotConfigured, BackupNotFound, Conflict, ImageStoreError
from image_store.domain.ids import is_image_id
from image_store.domain.work import BackupStep
from image_store.ports.backup import BackupStates
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.services.backup.run import BackupRun
from image_store.services.backup.verification import BackupVerification

_logger = logging.getLogger(__name__)

_LEASE_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRequests:
    """What admins may do with the backup."""

    states: BackupStates
    work: WorkQueue
    is_configured: bool
    clock: Clock
    ids: Ids

    def begin(
        self, task: BackupTask, *, full: bool = False, accept_loss: int | None = None, deep: bool = False
    ) -> BackupJob:
        """Begin a run, which continues after the request; BackupNotConfigured without a backup store.

        `accept_loss` images may be gone since the last full pass; the run is a full one then.
        """
        if not self.is_configured:
            raise BackupNotConfigured("This deployment has no backup store: set the parameter BackupStore.")
        job = replace(
            new_job(self.ids.image_id(), self.clock.now(), task),
            full=full or accept_loss is not None,
            accept_loss=accept_loss,
            deep=deep,
        )
        self.states.create_job(job)
        self.work.send(BackupStep(job.id, job.step))
        return job

    def get(self, job_id: str) -> BackupJob:
        """The progress of a run; BackupNotFound."""
        job = self.states.job(job_id) if is_image_id(job_id) else None
        if job is None:
            raise BackupNotFound("There is no such run of the backup.")
        return job

    def last(self, *, limit: int) -> Sequence[BackupJob]:
        """The last runs, the newest first."""
        return self.states.jobs(limit=limit)

    def age(self) -> timedelta | None:
        """How old the last complete backup is; None without a backup store."""
        if not self.is_configured:
            return None
        now = self.clock.now()
        return self.states.state(at=now).age(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupWork:
    """Does the work of one invocation of the backup's function."""

    states: BackupStates
    work: WorkQueue
    run: BackupRun
    verification: BackupVerification
    clock: Clock
    ids: Ids

    def on_schedule(self, *, until: datetime) -> BackupJob | None:
        """Begin a run, and do what its first invocation can do; None while an earlier run continues."""
        now = self.clock.now()
        last = self.states.state(at=now).job
        job = self.states.job(last) if last is not None else None
        if job is not None and not job.has_ended:
            if not job.is_stalled(now):
                return None
            self._save(job, job.ended(now, reason="interrupted"))
        job = new_job(self.ids.image_id(), now, BackupTask.RUN)
        self.states.create_job(job)
        return self._carry_on(job, until)

    def on_demand(self, step: BackupStep, *, until: datetime) -> BackupJob | None:
        """Do a step of a job, and send the next if it has not ended; None if the job is not at this step."""
        job = self.states.job(step.job_id)
        return None if job is None or job.has_ended or job.step != step.step else self._carry_on(job, until)

    def _carry_on(self, job: BackupJob, until: datetime) -> BackupJob | None:
        try:
            # Messages come at least once: the second finds another step.
            begun = self._save(job, replace(job, status=BackupStatus.RUNNING))
        except Conflict:
            return None
        try:
            after = self._do(begun, until)
        except Conflict:
            after = begun.ended(self.clock.now(), reason="another_run")
        except (
            Exception
        ) as error:  # such as a secret without keys: the job has to end, and its reader to know
            _logger.exception("a run of the backup failed")
            code = error.code if isinstance(error, ImageStoreError) else ImageStoreError.code
            after = begun.ended(self.clock.now(), reason=code)
        after = self._save(begun, after)
        if not after.has_ended:
            self.work.send(BackupStep(after.id, after.step))
        return after

    def _do(self, job: BackupJob, until: datetime) -> BackupJob:
        if job.task is BackupTask.VERIFY:
            return self.verification.carry_on(job, until=until)
        now = self.clock.now()
        lease = self.states.take_lease(
            holder=self.ids.token(), at=now, until=min(until + _LEASE_MARGIN, now + LONGEST_RUN)
        )
        if lease is None:
            raise Conflict("Another run of the backup is under way.")
        try:
            return self.run.carry_on(job, lease, until=until)
        finally:
            self.states.end_lease(lease)

    def _save(self, before: BackupJob, after: BackupJob) -> BackupJob:
        after = replace(after, step=before.step + 1, updated_at=self.clock.now())
        self.states.save_job(after, step=before.step)
        return after


def new_job(job_id: str, now: datetime, task: BackupTask) -> BackupJob:
    """A run that nothing has worked on yet."""
    return BackupJob(id=job_id, created_at=now, updated_at=now, task=task)
