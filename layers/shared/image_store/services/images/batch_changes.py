"""Changes or restores many images in one request.

Each image is changed as by a request of its own, with the same rules and in a transaction of its own. So one that
cannot be changed does not stop the others, and a request that was cut off can be sent again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import ImageStoreError
from image_store.services.images.batches import Batches
from image_store.services.images.deletion import Deletion
from image_store.services.images.editing import Edit, Editing


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The changed images, and the others with their errors; each in the order of the request."""

    successful: tuple[str, ...]
    failed: tuple[tuple[str, ImageStoreError], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchChanges:
    """Changes images a few at a time; one that is named twice is changed once.

    Images that were not reached by `until` fail with DeadlineExceeded. Safe to repeat: what is done already succeeds
    without a change.
    """

    editing: Editing
    deletion: Deletion
    batches: Batches

    def edit(self, owner: str, image_ids: Sequence[str], edit: Edit, *, until: datetime) -> ChangeResult:
        """Apply the same edit to READY images of this owner, as `Editing.edit` does."""
        return self._run(image_ids, lambda image_id: self.editing.change(owner, image_id, edit), until=until)

    def restore(self, owner: str, image_ids: Sequence[str], *, until: datetime) -> ChangeResult:
        """Restore images of this owner from the trash, as `Deletion.restore` does."""
        return self._run(image_ids, lambda image_id: self.deletion.take_back(owner, image_id), until=until)

    def _run(
        self, image_ids: Sequence[str], change: Callable[[str], None], *, until: datetime
    ) -> ChangeResult:
        names = tuple(dict.fromkeys(image_ids))
        outcomes = tuple(zip(names, self.batches.run(names, change, until=until), strict=True))
        return ChangeResult(
            tuple(image_id for image_id, error in outcomes if error is None),
            tuple((image_id, error) for image_id, error in outcomes if error is not None),
        )
