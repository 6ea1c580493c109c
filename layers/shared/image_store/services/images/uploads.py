"""Storing an image in one request; the write protocol is in `write_protocol`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import ContentTypeMismatch
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image
from image_store.domain.images.media import MediaType, parse_declared, sniff
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.provenance import ProvenanceMark, provenance_of
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.images.sensitive import sensitive_in, shown
from image_store.ports.images import ImageProcessor
from image_store.ports.system import Clock
from image_store.services.images.reservations import Reservations, Wanted, check_attributes
from image_store.services.images.sealing import Sealing
from image_store.services.images.sources import ImageSource, Sources
from image_store.services.images.write_protocol import WriteProtocol, too_late


@dataclass(frozen=True, slots=True)
class Upload:
    """An image that somebody wants stored, and what they say about it."""

    owner: str
    source: ImageSource
    attributes: Attributes
    until: datetime
    """When the work has to be done; what is left then is given up and safe to repeat."""
    idempotency: IdempotencyKey | None = None
    remarks: Callable[[ProcessedImage], tuple[str, ...]] = lambda _: ()
    """What its owner should know of the decoded picture, besides what every upload is warned of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Accepts images."""

    reservations: Reservations
    sources: Sources
    protocol: WriteProtocol
    processor: ImageProcessor
    clock: Clock
    sealing: Sealing
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def accept(self, upload: Upload) -> Image:
        """Store an image, or find that it is stored already; what is sealed of it stays so.

        Safe to retry with the same idempotency key: the image is stored once, and what is stored is not fetched again.

        Raises
        ------
        UrlNotAllowed, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        InvalidRequest, DuplicateImage, QuotaExceeded
        IdempotencyMismatch, IdempotencyInProgress
        Conflict, StorageUnavailable, DeadlineExceeded
        """
        return self._accept(upload)[0]

    def accept_and_show(self, upload: Upload) -> Image:
        """The same, and the record as its owner sees it; what is new need not be opened for that."""
        stored, is_new = self._accept(upload)
        if stored.details.sealed is None:
            return stored
        said = upload.attributes
        return (
            shown(stored, sensitive_in(said.generation, said.analysis))
            if is_new
            else self.sealing.opened(stored)
        )

    def stored_under(self, name: str) -> Image | None:
        """What was stored, or is being stored, under the name of an idempotency key; None when there is nothing.

        ImageNotFound when it was deleted since. For one who has no longer the bytes that were to be stored.
        """
        return self.reservations.stored_under(name)

    def _accept(self, upload: Upload) -> tuple[Image, bool]:
        """What is stored, and whether it is new."""
        check_attributes(upload.attributes, self.clock.now())
        if (stored := self.reservations.replay(upload.idempotency)) is not None:
            return stored, False
        content = self.sources.open(upload.source, until=upload.until)
        # Some providers have the prompt in the address of a picture: where prompts are sealed, it names nothing.
        filename = None if self.sealing.seals else content.filename
        attributes, data = named(upload.attributes, filename), content.data
        sha256 = hashlib.sha256(data).hexdigest()
        existing = self.reservations.existing(upload.owner, sha256, attributes.on_duplicate)
        if existing is not None:
            return existing, False
        check_declared(data, content.declared_type)
        processed = self.processor.process(
            data,
            None,
            UPLOAD_RECIPES,
            provenance=provenance_of(
                self.mark, attributes.kind, self.sealing.without_sensitive(attributes).generation
            ),
        )
        if self.clock.now() >= upload.until:
            raise too_late()
        wanted = Wanted(
            owner=upload.owner,
            sha256=sha256,
            size_bytes=len(data),
            media_type=processed.media_type,
            attributes=attributes,
            idempotency=upload.idempotency,
            remarks=upload.remarks(processed),
        )
        image, is_new = self.reservations.reserve(wanted, processed)
        if not is_new:
            return image, False
        puts = [self.protocol.put_original(image.record, data)]
        puts += self.protocol.put_renditions(image.record, processed.renditions)
        self.protocol.put(puts, until=upload.until)
        return self.protocol.commit(image), True


def named(attributes: Attributes, filename: str | None) -> Attributes:
    """The attributes with a filename, unless they have one."""
    return attributes if attributes.filename else replace(attributes, filename=filename)


def check_declared(data: bytes, declared_type: str | None) -> None:
    """Refuse bytes that are not what their sender says; unknown bytes are the processor's to refuse."""
    if declared_type is None:
        return
    sniffed = sniff(data)
    declared: MediaType | None = parse_declared(declared_type)
    if sniffed is not None and sniffed is not declared:
        raise ContentTypeMismatch(f"The bytes are {sniffed.value}, which is not the type that was declared.")
