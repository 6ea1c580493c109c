"""Deleting many images in one request: those that are named, or those of a group.

A group has its rows while its images are READY: what lies in the trash already is in no group, and goes when its time
has come. A group is read with strong consistency, so that nothing that was just stored is missed, and from its oldest
image on, so that what is added meanwhile comes last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from image_store.domain.errors import DeadlineExceeded, ImageStoreError
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.ids import uuid7
from image_store.ports.finding import ImageLists
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors
from image_store.services.images.batches import Batches
from image_store.services.images.deletion import Deletion

MAX_IDS = 100
_BEFORE_ALL = uuid7(datetime.fromtimestamp(0, UTC), 0)


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """What an owner wants deleted: images by their ids, or a group, to go on with where a cursor says."""

    owner: str
    what: tuple[str, ...] | OwnerGroup
    permanent: bool
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """What was deleted, what was not and why, and where a group goes on; None when all of it was seen."""

    successful: tuple[str, ...]
    failed: tuple[tuple[str, ImageStoreError], ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDeletion:
    """Deletes images one by one, a few at a time; each as `Deletion.delete` does."""

    lists: ImageLists
    deletion: Deletion
    batches: Batches
    cursors: Cursors
    clock: Clock

    def run(self, wanted: DeletionRequest, *, until: datetime) -> DeletionResult:
        """Delete the images that are named, each once, or the next hundred of a group.

        What was not reached by `until` has failed for that reason, or is behind the cursor of its group. What failed
        for another reason is not behind it: a second round, without a cursor, finds it again.

        Raises
        ------
        InvalidCursor
            the cursor is not of this owner's same group
        """
        if isinstance(wanted.what, OwnerGroup):
            return self._group(wanted, wanted.what, until=until)
        image_ids = tuple(dict.fromkeys(wanted.what))
        return _sorted_out(image_ids, self._outcomes(wanted, image_ids, until=until))

    def _group(self, wanted: DeletionRequest, group: OwnerGroup, *, until: datetime) -> DeletionResult:
        now, cursor = self.clock.now(), wanted.cursor
        after = self.cursors.read(cursor, group, at=now) if cursor is not None else None
        page = self.lists.members(group, after=after, limit=MAX_IDS)
        outcomes = self._outcomes(wanted, page.image_ids, until=until)
        resume = page.resume_after
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, DeadlineExceeded):
                resume = page.image_ids[index - 1] if index else after or _BEFORE_ALL
                break
        done = _sorted_out(page.image_ids, outcomes)
        return DeletionResult(
            done.successful,
            tuple(one for one in done.failed if not isinstance(one[1], DeadlineExceeded)),
            self.cursors.make(resume, group, at=now) if resume is not None else None,
        )

    def _outcomes(
        self, wanted: DeletionRequest, image_ids: Sequence[str], *, until: datetime
    ) -> list[ImageStoreError | None]:
        def delete(image_id: str) -> None:
            self.deletion.delete(wanted.owner, image_id, permanent=wanted.permanent)

        return self.batches.run(image_ids, delete, until=until)


def _sorted_out(image_ids: Sequence[str], outcomes: Sequence[ImageStoreError | None]) -> DeletionResult:
    results = tuple(zip(image_ids, outcomes, strict=True))
    return DeletionResult(
        tuple(image_id for image_id, error in results if error is None),
        tuple((image_id, error) for image_id, error in results if error is not None),
    )
