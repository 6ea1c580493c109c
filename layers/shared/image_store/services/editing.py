"""Changing what is said about an image, and who may see it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from image_store.domain.attributes import derived_alt_text
from image_store.domain.errors import Conflict, InvalidRequest, PreconditionFailed
from image_store.domain.image import Kind, Record, State, Visibility
from image_store.domain.sensitive import Sensitive, shown
from image_store.ports.images import ImageRepository
from image_store.ports.system import Clock, Ids
from image_store.services.publishing import Publisher
from image_store.services.retrieval import Retrieval, not_found
from image_store.services.sealing import Sealing

Edit = Callable[[Record], Record]
"""A pure change of what the caller may change: details, category, visibility and expiry."""

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """Edits images with optimistic concurrency."""

    repository: ImageRepository
    retrieval: Retrieval
    publisher: Publisher
    clock: Clock
    ids: Ids
    sealing: Sealing

    def edit(self, owner: str, image_id: str, edit: Edit, *, if_version: int | None) -> Record:
        """Apply an edit to an image that is READY, and answer the record as its owner sees it.

        With `if_version` the edit meets exactly that version or PreconditionFailed; without it a concurrent
        change is read again and the edit repeated. Safe to retry.
        """
        sensitive: Sensitive | None = None
        for tried in range(_TRIES):
            record = self.retrieval.get(owner, image_id)
            if record.image.state is not State.READY:
                raise not_found()
            if if_version is not None and record.image.version != if_version:
                raise PreconditionFailed("The image has changed since you read it; read it again.")
            if not tried:  # before anything is changed that could not be answered; no edit changes it
                sensitive = self.sealing.read(record)
            try:
                return shown(self._apply(record, edit), sensitive)
            except Conflict:
                continue  # with `if_version` only what leaves the version as it is can be tried again
        raise Conflict("The image is being changed by others at this moment; try again.")

    def _apply(self, record: Record, edit: Edit) -> Record:
        edited = edit(record)
        if edited == record:
            return record
        now = self.clock.now()
        wanted = edited.image.visibility
        if edited.image.kind is Kind.REFERENCE and wanted is not Visibility.PRIVATE:
            raise InvalidRequest("A reference image is always private.")
        expires_at = edited.image.expires_at
        if expires_at is not None and expires_at != record.image.expires_at and expires_at <= now:
            raise InvalidRequest("expires_at must lie in the future.")
        details = edited.details
        if not details.alt_text_given:
            details = replace(details, alt_text=derived_alt_text(details.title, details.generation))
        edited = Record(replace(edited.image, updated_at=now, due_at=expires_at), details)
        before = record.image
        if before.publication is None and wanted is not Visibility.PRIVATE:
            return self.publisher.publish(record, wanted, edited=edited)
        image = replace(edited.image, version=before.version + 1, change=self.ids.attempt())
        withdrawn = self.publisher.withdrawn(before, now) if wanted is Visibility.PRIVATE else ()
        if withdrawn:
            image = replace(image, publication=None)
        changed = replace(edited, image=image)
        self.repository.replace(record, changed, publications=withdrawn)
        self.publisher.remove(withdrawn)
        return changed
