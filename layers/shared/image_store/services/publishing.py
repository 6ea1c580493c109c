"""Visibility and its protocol.

Publish
1. Intent: the record names a new publication, and a row that will remove its copies is written with it.
2. Copy the renditions into the public bucket, below that publication.
3. Commit: the publication becomes the current one, and its row is no longer due.

A publish that dies leaves a row that is due; cleanup removes the copies, and the image stays as it was.

Unpublish (also by trash and delete)
1. Commit: the record names no publication any more, and a row that is due at once is written with it. The link
   is dead from here on.
2. Delete the copies.
3. Forget the row.

An unpublish that dies after its commit leaves the row, and cleanup repeats steps 2 and 3. A publication is never
used again, so copies that arrive late belong to nobody and go with their row, whose deadline outlives every writer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.image import Image, Record, Visibility, public_key
from image_store.domain.publication import PublicationRow
from image_store.domain.reservation import RESERVATION_LIFETIME
from image_store.ports import Clock, Ids, ImageRepository, ObjectMissing, ObjectStore

PRIVATE_CACHE_CONTROL = "private, max-age=31536000, immutable"
"""Of private objects: their keys are never used for other bytes, and no shared cache may keep them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Copies renditions into the public bucket, and removes them from it."""

    repository: ImageRepository
    bucket: ObjectStore | None
    """The public bucket; None when there is none, and then there is nothing to copy."""
    private_bucket: str
    default_cache_control: str
    clock: Clock
    ids: Ids

    def cache_control(self, image: Image) -> str:
        """The Cache-Control of an image's public copies."""
        return image.cache_control or self.default_cache_control

    def publish(self, record: Record, visibility: Visibility, *, edited: Record) -> Record:
        """Make a private image public or unlisted; `edited` is the record with whatever else changes.

        Raises Conflict when the image was changed meanwhile, and StorageUnavailable when a copy failed; the
        image is then as it was before, and publishing again is safe.
        """
        publication = self.ids.publication()
        image = record.image
        row = PublicationRow(
            publication, image.id, image.public_keys(publication), self.clock.now() + RESERVATION_LIFETIME
        )
        intended = replace(
            record,
            image=replace(image, version=image.version + 1, change=self.ids.attempt(), intent=publication),
        )
        self.repository.replace(record, intended, publications=[row])
        self._copy(image, publication, self.cache_control(edited.image))
        published = replace(
            edited,
            image=replace(
                edited.image,
                version=intended.image.version + 1,
                change=self.ids.attempt(),
                intent=None,
                publication=publication,
                visibility=visibility,
            ),
        )
        self.repository.replace(intended, published)
        return published

    def withdrawn(self, image: Image, at: datetime) -> Sequence[PublicationRow]:
        """The row that an unpublishing commit writes; none for an image that is not published."""
        if image.publication is None:
            return ()
        return (PublicationRow(image.publication, image.id, image.public_keys(image.publication), at),)

    def remove(self, rows: Sequence[PublicationRow]) -> bool:
        """Delete the copies of withdrawn publications; False leaves the rest to cleanup.

        What was committed stays committed, so a store that does not answer is no failure of the request.
        """
        try:
            for row in rows:
                if self.bucket is not None:
                    self.bucket.delete(row.keys)
                self.repository.forget_publication(row.publication)
        except StorageUnavailable:
            return False
        return True

    def _copy(self, image: Image, publication: str, cache_control: str) -> None:
        if self.bucket is None:
            return
        for rendition in image.renditions:
            try:
                self.bucket.copy_from(
                    self.private_bucket,
                    image.rendition_key(rendition),
                    public_key(publication, rendition),
                    content_type=rendition.media_type,
                    cache_control=cache_control,
                    metadata={},
                )
            except ObjectMissing as missing:
                raise Conflict("The image was deleted while it was being published.") from missing
