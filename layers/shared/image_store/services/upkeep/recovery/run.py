"""Does the steps of restores and rebuilds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from image_store.domain.errors import (
    BackupDamaged,
    BackupNotConfigured,
    BackupNotFound,
    BackupTooNew,
    Conflict,
    ImageStoreError,
    RecoveryImpossible,
    RecoveryInProgress,
)
from image_store.domain.upkeep.cleanup import LONGEST_HOLD
from image_store.domain.upkeep.recovery import (
    RecoveryJob,
    RecoveryKind,
    RecoveryStatus,
)
from image_store.domain.work import RecoveryStep
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.ports.upkeep import Housekeeping, Recoveries

WAIT_FOR_CLEANUP = timedelta(seconds=30)
IMPOSSIBLE = (RecoveryImpossible, BackupDamaged, BackupNotConfigured, BackupNotFound, BackupTooNew)
"""Errors that end a recovery, because no retry can help."""


class RecoverySource(Protocol):
    """Where a recovery finds its images."""

    def step(self, recovery: RecoveryJob, *, until: datetime) -> RecoveryJob:
        """The recovery after as many images as the time allows; ended if none is left.

        Safe to repeat. Raises StorageUnavailable if nothing was done, and one of `IMPOSSIBLE` if no retry can help and
        this step wrote nothing.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRun:
    """Does the steps of recoveries, as the package documents them."""

    recoveries: Recoveries
    housekeeping: Housekeeping
    sources: Mapping[RecoveryKind, Callable[[], RecoverySource]]
    work: WorkQueue
    clock: Clock

    def carry_on(self, work: RecoveryStep, *, until: datetime) -> None:
        """Do a step, if the recovery is at it, and send the next.

        Safe to repeat. Raises StorageUnavailable if nothing was done; the message then comes again.
        """
        recovery = self.recoveries.get(work.recovery_id)
        if recovery is None:
            return
        if recovery.has_ended:
            self._end_hold(recovery)
            return
        if work.step == recovery.step - 1:
            self._send(recovery)
        if work.step != recovery.step:
            return
        if self._must_wait(recovery):
            self.work.send(work, delay=WAIT_FOR_CLEANUP)
            return
        after = self._step(recovery, until)
        after = replace(after, step=recovery.step + 1, updated_at=self.clock.now())
        try:
            self.recoveries.save(after, step=recovery.step)
        except Conflict:
            return  # another worker did this step and continues
        if after.has_ended:
            self._end_hold(after)
        else:
            self._send(after)

    def _step(self, recovery: RecoveryJob, until: datetime) -> RecoveryJob:
        now = self.clock.now()
        if not recovery.options.dry_run and not self.housekeeping.hold(
            holder=recovery.id, at=now, until=now + LONGEST_HOLD
        ):
            return self._stopped(recovery, RecoveryInProgress("Another restore or rebuild has taken over."))
        try:
            return self.sources[recovery.kind]().step(
                replace(recovery, status=RecoveryStatus.RUNNING), until=until
            )
        except IMPOSSIBLE as error:
            return self._stopped(recovery, error)

    def _stopped(self, recovery: RecoveryJob, error: ImageStoreError) -> RecoveryJob:
        return recovery.stopped_at(self.clock.now(), code=error.code, detail=error.message)

    def _must_wait(self, recovery: RecoveryJob) -> bool:
        """Whether a run of cleanup may still be removing what it found before the hold."""
        return not recovery.options.dry_run and self.housekeeping.is_running(self.clock.now())

    def _end_hold(self, recovery: RecoveryJob) -> None:
        if not recovery.options.dry_run and not recovery.leaves_hold:
            self.housekeeping.end_hold(recovery.id)

    def _send(self, recovery: RecoveryJob) -> None:
        self.work.send(RecoveryStep(recovery.id, recovery.step))
