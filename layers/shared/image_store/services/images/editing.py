"""Changes the attributes and the visibility of an image."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from image_store.domain.errors import Conflict, InvalidRequest, PreconditionFailed
from image_store.domain.images.details import derived_alt_text
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.sensitive import Sensitive, with_sensitive
from image_store.ports.images import ImageRepository
from image_store.ports.system import Clock, Ids
from image_store.services.delivery.publishing import Publisher
from image_store.services.images.retrieval import Retrieval, not_found
from image_store.services.images.sealing import Sealing

Edit = Callable[[Image], Image]
"""A pure function that changes details, category, visibility or expiry."""

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

    def edit(self, owner: str, image_id: str, edit: Edit, *, if_version: int | None) -> Image:
        """Apply an edit to a READY image, and return it as its owner sees it.

        With `if_version`, raises PreconditionFailed for any other version. Without it, the edit is repeated after a
        concurrent change. Safe to retry.
        """
        sensitive: Sensitive | None = None
        for try_number in range(_TRIES):
            image = self._ready(owner, image_id)
            if if_version is not None and image.record.version != if_version:
                raise PreconditionFailed("The image has changed since you read it; read it again.")
            # Before any change: if KMS does not answer, nothing may change. No edit changes the sensitive part.
            if try_number == 0:
                sensitive = self.sealing.read_sensitive(image)
            try:
                return with_sensitive(self._apply(image, edit), sensitive)
            except Conflict:
                continue  # with `if_version` a retry succeeds only if the other change kept the version
        raise _changed_by_others()

    def change(self, owner: str, image_id: str, edit: Edit) -> None:
        """Apply an edit as `edit` does, for a caller that does not show the image: nothing is decrypted."""
        for _ in range(_TRIES):
            try:
                self._apply(self._ready(owner, image_id), edit)
            except Conflict:
                continue
            return
        raise _changed_by_others()

    def _ready(self, owner: str, image_id: str) -> Image:
        image = self.retrieval.get(owner, image_id)
        if image.record.state is not State.READY:
            raise not_found()
        return image

    def _apply(self, image: Image, edit: Edit) -> Image:
        edited = edit(image)
        if edited == image:
            return image
        now = self.clock.now()
        visibility = edited.record.visibility
        if edited.record.kind is Kind.REFERENCE and visibility is not Visibility.PRIVATE:
            raise InvalidRequest("A reference image is always private.")
        expires_at = edited.record.expires_at
        if expires_at is not None and expires_at != image.record.expires_at and expires_at <= now:
            raise InvalidRequest("expires_at must lie in the future.")
        details = edited.details
        if not details.alt_text_given:
            details = replace(details, alt_text=derived_alt_text(details.title, details.generation))
        edited = Image(replace(edited.record, updated_at=now, due_at=expires_at), details)
        before = image.record
        if before.publication is None and visibility is not Visibility.PRIVATE:
            return self.publisher.publish(image, visibility, edited=edited)
        record = edited.record.next_version(self.ids.token())
        is_private = visibility is Visibility.PRIVATE
        publications = self.publisher.withdrawal_rows(before, now) if is_private else ()
        if publications:
            record = replace(record, publication=None)
        changed = replace(edited, record=record)
        self.repository.replace(image, changed, publications=publications)
        self.publisher.remove(publications)
        return changed


def _changed_by_others() -> Conflict:
    return Conflict("The image is being changed by others at this moment; try again.")
