"""Does something with every image of a group, a hundred in a request and a few at a time.

Only READY images are in a group. It is read strongly consistent, so that new images are not missed, and from its oldest
image on, so that images added meanwhile come last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from image_store.domain.errors import DeadlineExceeded, ImageStoreError
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.ids import uuid7
from image_store.ports.finding import ListRows
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors
from image_store.services.images.batches import Batches

MAX_MEMBERS = 100
"""The most images of one request."""
_BEFORE_ALL = uuid7(datetime.fromtimestamp(0, UTC), 0)


@dataclass(frozen=True, slots=True)
class MemberResult:
    """The images for which it succeeded, the others with their errors, and the cursor of the rest; None at the end."""

    successful: tuple[str, ...]
    failed: tuple[tuple[str, ImageStoreError], ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMembers:
    """Runs one operation on the images of a group."""

    lists: ListRows
    batches: Batches
    cursors: Cursors
    clock: Clock

    def run(
        self, group: OwnerGroup, act: Callable[[str], None], *, cursor: str | None, until: datetime
    ) -> MemberResult:
        """Run `act` on the next hundred images.

        Images that were not reached by `until` come after the cursor. Images that failed for another reason come before
        it; a new request without a cursor finds them again.

        Raises
        ------
        InvalidCursor
            the cursor belongs to another owner or group
        """
        now = self.clock.now()
        after = self.cursors.read(cursor, group, at=now) if cursor is not None else None
        page = self.lists.members(group, after=after, limit=MAX_MEMBERS)
        outcomes = self.batches.run(page.image_ids, act, until=until)
        resume = page.resume_after
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, DeadlineExceeded):
                resume = page.image_ids[index - 1] if index else after or _BEFORE_ALL
                break
        results = tuple(zip(page.image_ids, outcomes, strict=True))
        return MemberResult(
            tuple(image_id for image_id, error in results if error is None),
            tuple(
                (image_id, error)
                for image_id, error in results
                if error is not None and not isinstance(error, DeadlineExceeded)
            ),
            self.cursors.make(resume, group, at=now) if resume is not None else None,
        )

    def is_empty(self, group: OwnerGroup) -> bool:
        """Whether no READY image is in the group, strongly consistent."""
        return not self.lists.members(group, after=None, limit=1).image_ids
