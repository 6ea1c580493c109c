"""Moves images to the trash, restores them, and deletes them permanently.

Permanent deletion
1. One conditional write takes the record to DELETING. From here on the image answers 404. The same write releases its
   quota and withdraws its publication.
2. Delete the public copies, then the private objects.
3. The record becomes a TOMBSTONE, until late writes are impossible.
4. Cleanup sweeps the image's folder once more and removes the record.

After step 2 the CDN is purged and the publication's row removed, as `publishing` describes. If a later step fails,
cleanup finds the record in the due index and finishes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, ImageRecord, State, Visibility
from image_store.domain.images.sensitive import Sensitive, with_sensitive
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import Publisher
from image_store.services.images.retrieval import Retrieval, not_found
from image_store.services.images.sealing import Sealing

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Deletes images; an image in the trash can be restored until the retention of the deployment ends."""

    repository: ImageRepository
    retrieval: Retrieval
    private: ObjectStore
    publisher: Publisher
    clock: Clock
    ids: Ids
    sealing: Sealing
    trash_retention: timedelta

    def delete(self, owner: str, image_id: str, *, permanent: bool) -> None:
        """Move an image to the trash, or delete it permanently; without a trash every deletion is permanent.

        Moving an image to the trash twice changes nothing. Safe to retry.
        """
        for _ in range(_TRIES):
            image = self.retrieval.get(owner, image_id)
            try:
                if permanent or not self.trash_retention:
                    self._delete(image)
                elif image.record.state is State.READY:
                    self._trash(image)
            except Conflict:
                continue
            return
        raise _changed_by_others()

    def restore(self, owner: str, image_id: str) -> Image:
        """Restore an image from the trash, as a private image: its public link stays dead.

        Returns the image as its owner sees it. Safe to retry.
        """
        sensitive: Sensitive | None = None
        for try_number in range(_TRIES):
            image = self.retrieval.get(owner, image_id)
            if try_number == 0:  # before any change: if KMS does not answer, nothing may change
                sensitive = self.sealing.read_sensitive(image)
            if image.record.state is State.READY:
                return with_sensitive(image, sensitive)
            try:
                return with_sensitive(self._restore(image), sensitive)
            except Conflict:
                continue
        raise _changed_by_others()

    def take_back(self, owner: str, image_id: str) -> None:
        """Restore an image as `restore` does, for a caller that does not show it: nothing is decrypted."""
        for _ in range(_TRIES):
            image = self.retrieval.get(owner, image_id)
            try:
                if image.record.state is not State.READY:
                    self._restore(image)
            except Conflict:
                continue
            return
        raise _changed_by_others()

    def _restore(self, image: Image) -> Image:
        now = self.clock.now()
        record = image.record
        expires_at = record.expires_at if record.expires_at and record.expires_at > now else None
        ready = record.moved_to(
            State.READY,
            change=self.ids.token(),
            updated_at=now,
            visibility=Visibility.PRIVATE,
            expires_at=expires_at,
            due_at=expires_at,
        )
        restored = replace(image, record=ready)
        self.repository.replace(image, restored)
        return restored

    def start(self, image: Image) -> Image:
        """Take a READY or TRASHED image to DELETING; Conflict when it was changed meanwhile."""
        now = self.clock.now()
        record = image.record
        if not record.is_visible:
            raise not_found()
        deleting = replace(image, record=self._hidden_record(image, State.DELETING, now, due_at=now))
        self.repository.replace(image, deleting, publications=self.publisher.withdrawal_rows(record, now))
        return deleting

    def finish(self, image: Image) -> bool:
        """Delete the objects of a DELETING image and leave its tombstone; False leaves the rest to cleanup."""
        record = image.record
        # An abandoned reservation may have an intended publication. Its row has its own deadline; its copies go now.
        publications = [name for name in (record.publication, record.intent) if name is not None]
        try:
            for publication in publications:
                self.publisher.delete_copies(record, publication)
            transforms = self.private.list(record.transforms_prefix) if record.transformed else ()
            self.private.delete([*record.private_keys, *(transform.key for transform in transforms)])
            tombstone = record.moved_to(
                State.TOMBSTONE,
                change=self.ids.token(),
                due_at=self.clock.now() + TOMBSTONE_GRACE,
            )
            # Publication rows stay until their own deadline: copies may still arrive.
            self.repository.replace(image, Image(tombstone, Details()))
        except (StorageUnavailable, Conflict):
            return False
        return True

    def _delete(self, image: Image) -> None:
        publications = self.publisher.withdrawal_rows(image.record, self.clock.now())
        if self.finish(self.start(image)):
            self.publisher.forget(publications)

    def _trash(self, image: Image) -> None:
        now = self.clock.now()
        publications = self.publisher.withdrawal_rows(image.record, now)
        trashed = replace(
            image, record=self._hidden_record(image, State.TRASHED, now, due_at=now + self.trash_retention)
        )
        self.repository.replace(image, trashed, publications=publications)
        self.publisher.remove(publications)

    def _hidden_record(self, image: Image, state: State, at: datetime, *, due_at: datetime) -> ImageRecord:
        """The next version of a record in a state that public links do not show."""
        record = image.record
        return record.moved_to(
            state,
            change=self.ids.token(),
            updated_at=at,
            publication=None if state is State.TRASHED else record.publication,
            guarded=False,
            due_at=due_at,
        )


def _changed_by_others() -> Conflict:
    return Conflict("The image is being changed by others at this moment; try again.")
