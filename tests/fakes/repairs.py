"""What is remembered of repairs, in memory."""

from image_store.domain.errors import Conflict
from image_store.domain.upkeep.repair import RepairJob
from image_store.ports.upkeep import Repairs


class MemoryRepairs(Repairs):
    """Repairs in memory; `saved` is every state that was written, in its order."""

    def __init__(self) -> None:
        self.saved: list[RepairJob] = []
        self._current: dict[str, RepairJob] = {}

    def create(self, job: RepairJob) -> None:
        if job.id in self._current:
            raise Conflict("Another worker has continued this repair.")
        self._keep(job)

    def get(self, repair_id: str) -> RepairJob | None:
        return self._current.get(repair_id)

    def save(self, after: RepairJob, *, step: int) -> None:
        if (current := self._current.get(after.id)) is None or current.step != step:
            raise Conflict("Another worker has continued this repair.")
        self._keep(after)

    def _keep(self, job: RepairJob) -> None:
        self._current[job.id] = job
        self.saved.append(job)
