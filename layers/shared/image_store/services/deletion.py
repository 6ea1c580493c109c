"""Trash, restore and permanent deletion.

Deleting for good: a conditional step to DELETING (the image is gone for everybody from here on, its quota is given
back and its publication withdrawn) → public copies → private objects → TOMBSTONE, which waits until writes that
were on their way can no longer arrive → one more sweep of the image's folder → gone. Once the copies are gone, the
CDN is told to forget them and their publication's row goes, as `publishing` says.

Whatever fails after the first step is finished by cleanup, which finds the record in the due index.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.image import Details, Image, Record, State, Visibility
from image_store.domain.sensitive import Sensitive, shown
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.services.publishing import Publisher
from image_store.services.retrieval import Retrieval, not_found
from image_store.services.sealing import Sealing

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """Takes images away, with a way back for as long as the deployment keeps its trash."""

    repository: ImageRepository
    retrieval: Retrieval
    private: ObjectStore
    publisher: Publisher
    clock: Clock
    ids: Ids
    sealing: Sealing
    trash_retention: timedelta

    def delete(self, owner: str, image_id: str, *, permanent: bool) -> None:
        """Move an image to the trash, or delete it for good; without trash every deletion is permanent.

        Deleting what lies in the trash already changes nothing. Safe to retry.
        """
        for _ in range(_TRIES):
            record = self.retrieval.get(owner, image_id)
            try:
                if permanent or not self.trash_retention:
                    self._delete(record)
                elif record.image.state is State.READY:
                    self._trash(record)
            except Conflict:
                continue
            return
        raise _contended()

    def restore(self, owner: str, image_id: str) -> Record:
        """Take an image out of the trash; it comes back private, for its link is dead.

        The record is as its owner sees it. Safe to retry.
        """
        sensitive: Sensitive | None = None
        for tried in range(_TRIES):
            record = self.retrieval.get(owner, image_id)
            if not tried:  # before anything is changed that could not be answered
                sensitive = self.sealing.read(record)
            if record.image.state is State.READY:
                return shown(record, sensitive)
            try:
                return shown(self._restore(record), sensitive)
            except Conflict:
                continue
        raise _contended()

    def _restore(self, record: Record) -> Record:
        now = self.clock.now()
        image = record.image
        expires_at = image.expires_at if image.expires_at and image.expires_at > now else None
        ready = image.moved_to(
            State.READY,
            version=image.version + 1,
            change=self.ids.attempt(),
            updated_at=now,
            visibility=Visibility.PRIVATE,
            expires_at=expires_at,
            due_at=expires_at,
        )
        restored = replace(record, image=ready)
        self.repository.replace(record, restored)
        return restored

    def start(self, record: Record) -> Record:
        """Take a READY or TRASHED image to DELETING; Conflict when it was changed meanwhile."""
        now = self.clock.now()
        image = record.image
        if image.state not in {State.READY, State.TRASHED}:
            raise not_found()
        doomed = replace(record, image=self._withdrawn(record, State.DELETING, now, due_at=now))
        self.repository.replace(record, doomed, publications=self.publisher.withdrawn(image, now))
        return doomed

    def finish(self, record: Record) -> bool:
        """Delete the objects of a DELETING image and leave its tombstone; False leaves the rest to cleanup."""
        image = record.image
        # The intent of an abandoned reservation: its row is due by itself, yet its copies may go at once.
        publications = [name for name in (image.publication, image.intent) if name is not None]
        try:
            if self.publisher.bucket is not None:
                for name in publications:
                    self.publisher.bucket.delete(sorted(image.public_keys(name)))
            transforms = self.private.list(image.transforms_prefix) if image.transformed else ()
            self.private.delete([*image.private_keys, *(found.key for found in transforms)])
            tombstone = image.moved_to(
                State.TOMBSTONE,
                version=image.version + 1,
                change=self.ids.attempt(),
                due_at=self.clock.now() + TOMBSTONE_GRACE,
            )
            # Rows of publications wait for their own deadline: copies may still be on their way.
            self.repository.replace(record, Record(tombstone, Details()))
        except (StorageUnavailable, Conflict):
            return False
        return True

    def _delete(self, record: Record) -> None:
        withdrawn = self.publisher.withdrawn(record.image, self.clock.now())
        if self.finish(self.start(record)):
            self.publisher.forget(withdrawn)

    def _trash(self, record: Record) -> None:
        now = self.clock.now()
        withdrawn = self.publisher.withdrawn(record.image, now)
        trashed = replace(
            record, image=self._withdrawn(record, State.TRASHED, now, due_at=now + self.trash_retention)
        )
        self.repository.replace(record, trashed, publications=withdrawn)
        self.publisher.remove(withdrawn)

    def _withdrawn(self, record: Record, state: State, at: datetime, *, due_at: datetime) -> Image:
        image = record.image
        return image.moved_to(
            state,
            version=image.version + 1,
            change=self.ids.attempt(),
            updated_at=at,
            publication=None if state is State.TRASHED else image.publication,
            guarded=False,
            due_at=due_at,
        )


def _contended() -> Conflict:
    return Conflict("The image is being changed by others at this moment; try again.")
