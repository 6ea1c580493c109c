"""Publishes and unpublishes images.

Publish
1. Intent: the record names a new publication, and a row that will remove its copies is written with it.
2. Copy the renditions into the public bucket, under the new publication.
3. Commit: the publication becomes the current one, and its row is no longer due.

If a publish stops halfway, its row is due: cleanup removes the copies, and the image stays as it was.

Unpublish (also by trash and delete)
1. Commit: the record loses its publication, and the row of the publication becomes due at once, in one transaction.
   From here on the link answers 404.
2. Delete the copies.
3. Purge their addresses at the CDN, if one is configured.
4. Remove the row.

Add a copy (of a rendition that was made on request)
1. The row of the current publication names the copy, and the time until which it may be written.
2. Copy, then commit as `rendering` describes.

To remove the row of a withdrawn publication, the caller names the deleted copies. If the row names another copy, or if
a copy may still be written, the row stays due and cleanup tries again.

The order matters. If the purge came first, the CDN could fetch the copies again and cache them for as long as their
Cache-Control allows. If the row were removed before the purge, a failed purge would never be repeated. The request
succeeds with its commit: after a later failure the row is still there, and cleanup repeats steps 2 to 4. A publication
is used once, so late copies are garbage. They are removed with their row, whose deadline is later than that of every
writer.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched

from image_store.domain.delivery.publication import NO_IMAGE, PublicationRow, publication_of
from image_store.domain.delivery.renditions import Rendition
from image_store.domain.errors import ConfigurationError, Conflict, StorageUnavailable
from image_store.domain.images.image import Image, ImageRecord, Visibility, public_key
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.ports.delivery import PublicationRows, Purger
from image_store.ports.images import ImageRepository
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.system import Clock, Ids

PRIVATE_CACHE_CONTROL = "private, max-age=31536000, immutable"
"""For private objects: their keys are never reused for other bytes, and no shared cache may keep them."""

_ROWS_PER_PURGE = 30
"""One call to the CDN can name their addresses. Rows are removed after each call, so every call is progress."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Copies renditions into the public bucket, and removes them from it."""

    repository: ImageRepository
    publications: PublicationRows
    bucket: ObjectStore | None
    """None without a public bucket; then nothing is copied."""
    public_url: str
    """The address of the public bucket, as the CDN serves it."""
    purger: Purger | None
    """None if no CDN can be purged; then caches keep copies for as long as their Cache-Control allows."""
    private_bucket: str
    default_cache_control: str
    clock: Clock
    ids: Ids

    def cache_control(self, record: ImageRecord) -> str:
        """The Cache-Control of an image's public copies."""
        return record.cache_control or self.default_cache_control

    def publish(self, image: Image, visibility: Visibility, *, edited: Image) -> Image:
        """Make a private image public or unlisted; `edited` is the image with its other changes.

        Raises Conflict if the image was changed meanwhile, and StorageUnavailable if a copy failed. Then the image is
        unchanged, and it is safe to try again.
        """
        publication = self.ids.publication()
        record = image.record
        row = PublicationRow(
            publication, record.id, record.public_keys(publication), self.clock.now() + RESERVATION_LIFETIME
        )
        intended = replace(
            image,
            record=record.next_version(self.ids.token(), intent=publication),
        )
        self.repository.replace(image, intended, publications=[row])
        self._copy(record, publication, self.cache_control(edited.record))
        published = replace(
            edited,
            record=replace(edited.record, version=intended.record.version).next_version(
                self.ids.token(),
                intent=None,
                publication=publication,
                visibility=visibility,
            ),
        )
        self.repository.replace(intended, published)
        return published

    def withdrawal_rows(self, record: ImageRecord, at: datetime) -> Sequence[PublicationRow]:
        """The publication rows that a commit writes to unpublish an image; none if it is not published."""
        if record.publication is None:
            return ()
        return (PublicationRow(record.publication, record.id, record.public_keys(record.publication), at),)

    def add_copy(self, record: ImageRecord, rendition: Rendition) -> bool:
        """Copy a new rendition of a published image; the row of the publication names the copy first.

        False if the publication is no longer current. True without a copy if the image is not published. Safe to
        repeat.
        """
        if self.bucket is None or record.publication is None:
            return True
        key = public_key(record.publication, rendition)
        until = self.clock.now() + RESERVATION_LIFETIME
        if not self.publications.announce_copy(record.publication, key, until=until):
            return False
        self._copy_one(self.bucket, record, rendition, key, self.cache_control(record))
        return True

    def delete_copies(self, record: ImageRecord, publication: str) -> None:
        """Delete all copies in a publication of an image; its row stays. Raises StorageUnavailable."""
        if self.bucket is not None:
            self.bucket.delete(sorted(record.public_keys(publication)))

    def delete_copy(self, publication: str, rendition: Rendition) -> None:
        """Delete a copy of a publication that is no longer current; its row names the copy, so cleanup purges it."""
        if self.bucket is not None:
            self.bucket.delete([public_key(publication, rendition)])

    def remove(self, rows: Sequence[PublicationRow]) -> int:
        """Delete the copies of withdrawn publications, purge them and remove their rows.

        Returns how many rows were finished, counted from the first; cleanup finishes the rest. If a store or a CDN does
        not answer, no error is raised: the commit stands, and the request succeeds.
        """
        try:
            if self.bucket is not None and rows:
                self.bucket.delete([key for row in rows for key in sorted(row.keys)])
        except (StorageUnavailable, ConfigurationError) as error:
            _logger.warning("Public copies wait for cleanup: %s", error.message)
            return 0
        return self.forget(rows)

    def forget(self, rows: Sequence[PublicationRow]) -> int:
        """Purge withdrawn publications whose copies are deleted, and remove their rows.

        Returns how many rows were finished, counted from the first. After an error of the CDN the rest waits for
        cleanup.
        """
        finished = 0
        try:
            for batch in batched(rows, _ROWS_PER_PURGE, strict=False):
                if self.purger is not None and self.bucket is not None:
                    self.purger.purge(
                        [f"{self.public_url}/{key}" for row in batch for key in sorted(row.keys)]
                    )
                for row in batch:
                    self.publications.forget_publication(row, at=self.clock.now())
                    finished += 1
        except (StorageUnavailable, ConfigurationError) as error:
            _logger.warning("Withdrawn publications wait for cleanup: %s", error.message)
        return finished

    def remove_strays(self, keys: Sequence[str]) -> None:
        """Remove copies that no row names. Safe to repeat; after StorageUnavailable some may be left.

        If a CDN has to be purged, the copies first get a row that is due at once. So cleanup repeats a failed purge,
        although the bucket no longer lists the copies.
        """
        if self.bucket is None:
            return
        if self.purger is None:
            self.bucket.delete(keys)
            return
        keys_of: dict[str, set[str]] = {}
        for key in keys:
            publication = publication_of(key)
            if publication is not None:
                keys_of.setdefault(publication, set()).add(key)
        rows = [
            PublicationRow(publication, NO_IMAGE, frozenset(copies), self.clock.now())
            for publication, copies in keys_of.items()
        ]
        for row in rows:
            self.publications.add_stray_copies(row)
        self.remove(rows)

    def _copy(self, record: ImageRecord, publication: str, cache_control: str) -> None:
        if self.bucket is None:
            return
        for rendition in record.renditions:
            key = public_key(publication, rendition)
            self._copy_one(self.bucket, record, rendition, key, cache_control)

    def _copy_one(
        self, bucket: ObjectStore, record: ImageRecord, rendition: Rendition, key: str, cache_control: str
    ) -> None:
        try:
            bucket.copy_from(
                self.private_bucket,
                record.rendition_key(rendition),
                key,
                content_type=rendition.media_type,
                cache_control=cache_control,
                metadata={},
            )
        except ObjectMissing as missing:
            raise Conflict("The image was deleted while it was being published.") from missing
