"""Requests of admins: begin a restore or a rebuild, and read its progress."""

from dataclasses import dataclass, replace
from datetime import timedelta

from image_store.domain.errors import RecoveryInProgress, RecoveryNotFound
from image_store.domain.ids import is_image_id
from image_store.domain.upkeep.cleanup import LONGEST_HOLD
from image_store.domain.upkeep.recovery import (
    RecoveryJob,
    RecoveryKind,
    RecoveryOptions,
    RecoveryStatus,
)
from image_store.domain.work import RecoveryStep
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import Housekeeping, Recoveries

STEP_TAKES = timedelta(minutes=15)
"""Longer than a step with the tries of its message; after that the message was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRequests:
    """Begins recoveries and reports their progress."""

    recoveries: Recoveries
    housekeeping: Housekeeping
    work: WorkQueue
    clock: Clock
    ids: Ids

    def begin(
        self,
        kind: RecoveryKind,
        options: RecoveryOptions,
        *,
        manifest: str | None = None,
        take_over: bool = False,
    ) -> RecoveryJob:
        """Begin a recovery; it continues after the request. Nothing is collected until it ends.

        `take_over` ends another recovery at its next step. Raises RecoveryInProgress while another one runs; a dry run
        changes nothing and is always possible.
        """
        now = self.clock.now()
        holder = None if options.dry_run else self.housekeeping.holder(now)
        recovery = RecoveryJob(
            id=self.ids.image_id(),
            kind=kind,
            created_at=now,
            updated_at=now,
            options=options,
            manifest=manifest,
            inherits_hold=holder is not None,
        )
        self.recoveries.create(recovery)
        if not options.dry_run and not self._hold(recovery, holder, take_over=take_over):
            stopped = replace(recovery.ended_at(now, RecoveryStatus.FAILED), step=recovery.step + 1)
            self.recoveries.save(stopped, step=recovery.step)
            raise RecoveryInProgress(
                "Another restore or rebuild is running. Wait for its end, or take over from it if it has stopped."
            )
        self.work.send(RecoveryStep(recovery.id, recovery.step))
        return recovery

    def get(self, kind: RecoveryKind, recovery_id: str) -> RecoveryJob:
        """The progress of a recovery of this kind; RecoveryNotFound."""
        recovery = self.recoveries.get(recovery_id) if is_image_id(recovery_id) else None
        if recovery is None or recovery.kind is not kind:
            raise RecoveryNotFound(f"There is no such {kind}.")
        return recovery

    def resume(self) -> bool:
        """Send the next step of a recovery again if its message was lost; whether one is running. Safe to repeat."""
        now = self.clock.now()
        holder = self.housekeeping.holder(now)
        recovery = self.recoveries.get(holder) if holder is not None else None
        if recovery is None or recovery.has_ended:
            return False
        if recovery.updated_at + STEP_TAKES <= now:
            self.work.send(RecoveryStep(recovery.id, recovery.step))
        return True

    def _hold(self, recovery: RecoveryJob, holder: str | None, *, take_over: bool) -> bool:
        now = recovery.created_at
        if holder is not None and not take_over:
            # The hold of a recovery that ended with failures waits for this next try.
            other = self.recoveries.get(holder)
            take_over = other is None or other.has_ended
        return self.housekeeping.hold(
            holder=recovery.id, at=now, until=now + LONGEST_HOLD, take_over=take_over
        )
