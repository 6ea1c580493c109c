"""Imports one image: reads it from its source and stores it, unless that was done before."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.delivery.old_paths import names_of_path
from image_store.domain.errors import (
    RETRYABLE,
    ChecksumMismatch,
    IdempotencyMismatch,
    ImageNotFound,
    ImageStoreError,
    InvalidRequest,
    PayloadTooLarge,
    SourceUnreadable,
    UnsupportedMediaType,
)
from image_store.domain.images.filenames import clean_filename
from image_store.domain.images.image import Image
from image_store.domain.images.media import MediaType, parse_declared
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.upkeep.importing import (
    MAX_OLD_PATHS,
    REMEMBERED,
    FetchedFile,
    Import,
    ImportRecord,
    ItemState,
    SourceItem,
    imported_name,
)
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource, SourceBusy
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload, Uploads
from image_store.services.upkeep.importing.attributes import attributes_of

Unfinished = SourceBusy | ImageStoreError
"""Why an image has to be tried again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """Imports images, each on its own."""

    uploads: Uploads
    clock: Clock
    max_bytes: int

    def store(
        self, job: Import, source: ImportSource, item: SourceItem, *, until: datetime
    ) -> ImportRecord | Unfinished:
        """Store an image of the source. Safe to repeat; whatever is wrong with the image is in its record."""
        name = imported_name(source.identity, job.options.owner, item.id)
        try:
            if (record := self._earlier(job, item, name)) is not None:
                return record
            image = self._stored(job, source, item, name, until)
        except SourceBusy as busy:
            return busy
        except RETRYABLE as error:
            return error
        except ImageNotFound:  # deleted here since it was imported, or at this moment
            return _record(item, ItemState.EXISTED)
        except ImageStoreError as error:
            return failed(item, error)
        return _stored_record(item, image)

    def forecast(self, job: Import, source: ImportSource, item: SourceItem) -> ImportRecord | Unfinished:
        """What `store` would do, as far as the list tells."""
        name = imported_name(source.identity, job.options.owner, item.id)
        try:
            if (record := self._earlier(job, item, name)) is not None:
                return record
            self._check_listed(item)
        except RETRYABLE as error:
            return error
        except ImageNotFound:
            return _record(item, ItemState.EXISTED)
        except ImageStoreError as error:
            return failed(item, error)
        return ImportRecord(
            source_id=item.id, source_url=item.url, state=ItemState.STORED, size_bytes=item.size_bytes or 0
        )

    def _earlier(self, job: Import, item: SourceItem, name: str) -> ImportRecord | None:
        """The record of an image that was imported before; ImageNotFound if it was deleted since."""
        earlier = self.uploads.stored_under(name)
        if earlier is None or not earlier.record.is_visible:
            return None
        if item.size_bytes not in {None, earlier.record.size_bytes}:
            raise IdempotencyMismatch("The image has changed at its source since it was imported.")
        if earlier.record.stored_at >= job.created_at:
            return _stored_record(
                item, earlier
            )  # by a worker that failed, or behind an image that has to wait
        return _record(item, ItemState.EXISTED, image_id=earlier.record.id)

    def _check_listed(self, item: SourceItem) -> None:
        """Refuse what the list already says cannot be stored."""
        if item.refusal is not None:
            raise SourceUnreadable(item.refusal)
        if item.size_bytes is not None and item.size_bytes > self.max_bytes:
            raise PayloadTooLarge(f"An image has at most {self.max_bytes:,} bytes.")
        if item.size_bytes == 0:
            raise InvalidRequest("There are no bytes in this image.")
        declared = item.media_type or ""
        is_other = declared.startswith(("image/", "video/", "audio/", "text/", "application/pdf"))
        if is_other and parse_declared(declared) is None:
            raise UnsupportedMediaType(
                f"The source calls this {declared[:64]}, which the store does not accept."
            )

    def _stored(
        self, job: Import, source: ImportSource, item: SourceItem, name: str, until: datetime
    ) -> Image:
        self._check_listed(item)
        file = source.fetch(item, max_bytes=self.max_bytes, until=until)
        if not file.data:
            raise InvalidRequest("There are no bytes in this image.")
        if item.size_bytes not in {None, len(file.data)}:
            raise ChecksumMismatch(
                f"The source lists {item.size_bytes:,} bytes, and has sent {len(file.data):,}."
            )
        attributes = attributes_of(item, file, job.options, now=self.clock.now())
        return self.uploads.accept(
            Upload(
                job.options.owner,
                Content(file.data, _declared(item, file), clean_filename(item.id)),
                attributes,
                until,
                IdempotencyKey(name, hashlib.sha256(file.data).hexdigest(), lifetime=REMEMBERED),
                old_paths=_old_paths(item) if job.options.redirects else (),
            )
        )


def _declared(item: SourceItem, file: FetchedFile) -> MediaType | None:
    """The type that the source declares, if it names an accepted one; the bytes must then have it."""
    for declared in (item.media_type, file.media_type):
        if declared is not None and (media_type := parse_declared(declared)) is not None:
            return media_type
    return None


def _old_paths(item: SourceItem) -> tuple[str, ...]:
    """The paths that an address can have; a source may list any text."""
    return tuple(path for path in item.paths if any(names_of_path(path)))[:MAX_OLD_PATHS]


def failed(item: SourceItem, error: ImageStoreError) -> ImportRecord:
    """The record of an image that cannot be imported."""
    return ImportRecord(
        source_id=item.id,
        source_url=item.url,
        state=ItemState.FAILED,
        code=error.code,
        detail=error.message,
    )


def _stored_record(item: SourceItem, image: Image) -> ImportRecord:
    return _record(item, ItemState.STORED, image_id=image.record.id, size_bytes=image.record.size_bytes)


def _record(
    item: SourceItem, state: ItemState, *, image_id: str | None = None, size_bytes: int = 0
) -> ImportRecord:
    return ImportRecord(
        source_id=item.id, source_url=item.url, state=state, image_id=image_id, size_bytes=size_bytes
    )
