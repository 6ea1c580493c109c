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
3. Purge their addresses at the CDN, if one is configured.
4. Forget the row.

One more copy (of a rendition that was made on request)
1. The row of the current publication names the copy, and until when it may still be made.
2. Copy, and then commit, as `rendering` says.

To forget the row of a withdrawn publication, the caller names the copies that are gone. A row that names another copy,
or one that may still be made, stays due, and cleanup comes back for it.

The order matters. A purge before the copies are gone would let the CDN fetch them again at once, and keep them for as
long as their Cache-Control says; if the row were forgotten before the purge, a failed purge would never be repeated.
The request has succeeded with its commit: a later failure leaves the row, and cleanup repeats steps 2 to 4. A
publication is never used again, so late copies are garbage and go with their row, whose deadline outlives every
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
"""Of private objects: their keys are never used for other bytes, and no shared cache may keep them."""

_ROWS_PER_PURGE = 30
"""As many as one call to the CDN can name; rows are forgotten in between, so that few calls are progress as well."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Copies renditions into the public bucket, and removes them from it."""

    repository: ImageRepository
    publications: PublicationRows
    bucket: ObjectStore | None
    """The public bucket; None when there is none, and then there is nothing to copy."""
    public_url: str
    """The address of the public bucket, which the CDN knows the copies by."""
    purger: Purger | None
    """None when no CDN can be purged: copies then live for as long as their Cache-Control."""
    private_bucket: str
    default_cache_control: str
    clock: Clock
    ids: Ids

    def cache_control(self, record: ImageRecord) -> str:
        """The Cache-Control of an image's public copies."""
        return record.cache_control or self.default_cache_control

    def publish(self, image: Image, visibility: Visibility, *, edited: Image) -> Image:
        """Make a private image public or unlisted; `edited` is the image with its other changes.

        Raises Conflict when the image was changed meanwhile, and StorageUnavailable when a copy failed; the
        image is then as it was before, and publishing again is safe.
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
        """The rows that an unpublishing commit writes: one, or none for an image that is not published."""
        if record.publication is None:
            return ()
        return (PublicationRow(record.publication, record.id, record.public_keys(record.publication), at),)

    def add_copy(self, record: ImageRecord, rendition: Rendition) -> bool:
        """Copy one more rendition of an image that is published, once the publication's row names the copy.

        False when the image shows another publication by now, or none. An image that is not published has nothing
        to copy. Safe to repeat.
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
        """Delete a copy that was made for a publication that is over; its row, which names it, does the rest."""
        if self.bucket is not None:
            self.bucket.delete([public_key(publication, rendition)])

    def remove(self, rows: Sequence[PublicationRow]) -> int:
        """Delete the copies of withdrawn publications, purge and forget them; the rest is left to cleanup.

        Returns how many were finished, counted from the first. What was committed stays committed, so the request
        succeeds even if a store or a CDN does not answer.
        """
        try:
            if self.bucket is not None and rows:
                self.bucket.delete([key for row in rows for key in sorted(row.keys)])
        except (StorageUnavailable, ConfigurationError) as error:
            _logger.warning("Public copies wait for cleanup: %s", error.message)
            return 0
        return self.forget(rows)

    def forget(self, rows: Sequence[PublicationRow]) -> int:
        """Purge withdrawn publications whose copies are gone, and forget them; the rest is left to cleanup.

        Returns how many were finished, counted from the first: a CDN that refuses once is not asked again.
        """
        done = 0
        try:
            for some in batched(rows, _ROWS_PER_PURGE, strict=False):
                if self.purger is not None and self.bucket is not None:
                    self.purger.purge(
                        [f"{self.public_url}/{key}" for row in some for key in sorted(row.keys)]
                    )
                for row in some:
                    self.publications.forget_publication(row, at=self.clock.now())
                    done += 1
        except (StorageUnavailable, ConfigurationError) as error:
            _logger.warning("Withdrawn publications wait for cleanup: %s", error.message)
        return done

    def remove_strays(self, keys: Sequence[str]) -> None:
        """Remove copies that no row names; safe to repeat. Raises StorageUnavailable, and then some are left.

        If a CDN has to be purged they first get a row that is due at once: so cleanup comes back for what
        could not be purged, when the bucket no longer holds them.
        """
        if self.bucket is None:
            return
        if self.purger is None:
            self.bucket.delete(keys)
            return
        named: dict[str, set[str]] = {}
        for key in keys:
            publication = publication_of(key)
            if publication is not None:
                named.setdefault(publication, set()).add(key)
        rows = [
            PublicationRow(publication, NO_IMAGE, frozenset(copies), self.clock.now())
            for publication, copies in named.items()
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
