"""What is remembered of restores and rebuilds, in memory."""

from image_store.domain.errors import Conflict
from image_store.domain.upkeep.recovery import RecoveryJob
from image_store.ports.upkeep import Recoveries


class MemoryRecoveries(Recoveries):
    """Recoveries in memory; `saved` is every state that was written, in its order."""

    def __init__(self) -> None:
        self.saved: list[RecoveryJob] = []
        self._current: dict[str, RecoveryJob] = {}

    def create(self, recovery: RecoveryJob) -> None:
        if recovery.id in self._current:
            raise Conflict("Another worker has continued this recovery.")
        self._keep(recovery)

    def get(self, recovery_id: str) -> RecoveryJob | None:
        return self._current.get(recovery_id)

    def save(self, after: RecoveryJob, *, step: int) -> None:
        if (current := self._current.get(after.id)) is None or current.step != step:
            raise Conflict("Another worker has continued this recovery.")
        self._keep(after)

    def _keep(self, recovery: RecoveryJob) -> None:
        self._current[recovery.id] = recovery
        self.saved.append(recovery)
