"""Requests of admins: begin a repair, and read its progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_store.domain.errors import RepairNotFound
from image_store.domain.ids import is_image_id
from image_store.domain.upkeep.repair import RepairJob
from image_store.domain.work import RepairStep
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import Repairs


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRequests:
    """Begins repairs and reports their progress."""

    repairs: Repairs
    work: WorkQueue
    clock: Clock
    ids: Ids

    def begin(self, *, image_ids: Sequence[str] | None = None, dry_run: bool = False) -> RepairJob:
        """Begin a repair of these images, or of every image of the store; it continues after the request.

        A dry run counts missing objects and restores none. A second repair is harmless: it finds the objects that the
        first one restored.
        """
        now = self.clock.now()
        job = RepairJob(
            id=self.ids.image_id(),
            created_at=now,
            updated_at=now,
            pending=tuple(dict.fromkeys(image_ids or ())),
            scans=image_ids is None,
            dry_run=dry_run,
        )
        self.repairs.create(job)
        self.work.send(RepairStep(job.id, job.step))
        return job

    def get(self, repair_id: str) -> RepairJob:
        """The progress of a repair; RepairNotFound."""
        job = self.repairs.get(repair_id) if is_image_id(repair_id) else None
        if job is None:
            raise RepairNotFound("There is no such repair.")
        return job
