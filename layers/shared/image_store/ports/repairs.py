"""What is remembered of repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from image_store.domain.repair import RepairJob


class Repairs(Protocol):
    """How far repairs have come. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def create(self, job: RepairJob) -> None:
        """Remember a new repair for 90 days."""
        ...

    def get(self, repair_id: str) -> RepairJob | None:
        """Read a repair, strongly consistent."""
        ...

    def save(self, after: RepairJob, *, step: int) -> None:
        """Replace a repair that is still at this step; Conflict when it is not, and then nothing was written.

        If the response is lost, a strongly consistent read decides.
        """
        ...
