"""Deletes many images in one request, by their ids or by their group; cleanup deletes those in the trash."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import ImageStoreError
from image_store.domain.finding.lists import OwnerGroup
from image_store.services.groups.members import MAX_MEMBERS, GroupMembers
from image_store.services.images.batches import Batches
from image_store.services.images.deletion import Deletion

MAX_IDS = MAX_MEMBERS
"""The most images that one request deletes."""


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """The images to delete, by their ids or by their group; a cursor continues an earlier request for the group."""

    owner: str
    images: tuple[str, ...] | OwnerGroup
    permanent: bool
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """The deleted images, the others with their errors, and the cursor of the rest of a group; None at its end."""

    successful: tuple[str, ...]
    failed: tuple[tuple[str, ImageStoreError], ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDeletion:
    """Deletes images one by one, a few at a time, with `Deletion.delete`."""

    members: GroupMembers
    deletion: Deletion
    batches: Batches

    def run(self, request: DeletionRequest, *, until: datetime) -> DeletionResult:
        """Delete the listed images, each once, or the next hundred of a group.

        Images that were not reached by `until` fail with DeadlineExceeded, or come after the cursor of their group.
        Images that failed for another reason come before it; a new request without a cursor finds them again.

        Raises
        ------
        InvalidCursor
            the cursor belongs to another owner or group
        """

        def delete(image_id: str) -> None:
            self.deletion.delete(request.owner, image_id, permanent=request.permanent)

        if isinstance(request.images, OwnerGroup):
            result = self.members.run(request.images, delete, cursor=request.cursor, until=until)
            return DeletionResult(result.successful, result.failed, result.next_cursor)
        image_ids = tuple(dict.fromkeys(request.images))
        results = tuple(zip(image_ids, self.batches.run(image_ids, delete, until=until), strict=True))
        return DeletionResult(
            tuple(image_id for image_id, error in results if error is None),
            tuple((image_id, error) for image_id, error in results if error is not None),
        )
