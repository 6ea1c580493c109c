"""Deletes many images in one request, by their ids or by their group.

Only READY images are in a group; cleanup deletes those in the trash. A group is read strongly consistent, so that new
images are not missed, and from its oldest image on, so that images added meanwhile come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from image_store.domain.errors import DeadlineExceeded, ImageStoreError
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.ids import uuid7
from image_store.ports.finding import ListRows
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors
from image_store.services.images.batches import Batches
from image_store.services.images.deletion import Deletion

MAX_IDS = 100
"""The most images that one request deletes."""
_BEFORE_ALL = uuid7(datetime.fromtimestamp(0, UTC), 0)


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

    lists: ListRows
    deletion: Deletion
    batches: Batches
    cursors: Cursors
    clock: Clock

    def run(self, request: DeletionRequest, *, until: datetime) -> DeletionResult:
        """Delete the listed images, each once, or the next hundred of a group.

        Images that were not reached by `until` fail with DeadlineExceeded, or come after the cursor of their group.
        Images that failed for another reason come before it; a new request without a cursor finds them again.

        Raises
        ------
        InvalidCursor
            the cursor belongs to another owner or group
        """
        if isinstance(request.images, OwnerGroup):
            return self._group(request, request.images, until=until)
        image_ids = tuple(dict.fromkeys(request.images))
        return _result(image_ids, self._outcomes(request, image_ids, until=until))

    def _group(self, request: DeletionRequest, group: OwnerGroup, *, until: datetime) -> DeletionResult:
        now, cursor = self.clock.now(), request.cursor
        after = self.cursors.read(cursor, group, at=now) if cursor is not None else None
        page = self.lists.members(group, after=after, limit=MAX_IDS)
        outcomes = self._outcomes(request, page.image_ids, until=until)
        resume = page.resume_after
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, DeadlineExceeded):
                resume = page.image_ids[index - 1] if index else after or _BEFORE_ALL
                break
        result = _result(page.image_ids, outcomes)
        return DeletionResult(
            result.successful,
            tuple(failure for failure in result.failed if not isinstance(failure[1], DeadlineExceeded)),
            self.cursors.make(resume, group, at=now) if resume is not None else None,
        )

    def _outcomes(
        self, request: DeletionRequest, image_ids: Sequence[str], *, until: datetime
    ) -> list[ImageStoreError | None]:
        def delete(image_id: str) -> None:
            self.deletion.delete(request.owner, image_id, permanent=request.permanent)

        return self.batches.run(image_ids, delete, until=until)


def _result(image_ids: Sequence[str], outcomes: Sequence[ImageStoreError | None]) -> DeletionResult:
    results = tuple(zip(image_ids, outcomes, strict=True))
    return DeletionResult(
        tuple(image_id for image_id, error in results if error is None),
        tuple((image_id, error) for image_id, error in results if error is not None),
    )
