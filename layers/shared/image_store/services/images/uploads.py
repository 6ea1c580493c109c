"""Stores an image in one request: checks it, decodes and renders it, and takes it through the write protocol.

The module `write_protocol` documents the three steps of the protocol, and what each failure leaves.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import ContentTypeMismatch
from image_store.domain.images.attributes import Attributes, check_attributes
from image_store.domain.images.draft import ImageDraft
from image_store.domain.images.image import Image
from image_store.domain.images.media import MediaType, parse_declared, sniff
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.provenance import ProvenanceMark, provenance_of
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.images.sensitive import sensitive_in, with_sensitive
from image_store.ports.images import ImageProcessor
from image_store.ports.system import Clock
from image_store.services.images.earlier_images import EarlierImages
from image_store.services.images.reservations import Reservations
from image_store.services.images.sealing import Sealing
from image_store.services.images.sources import ImageSource, Sources
from image_store.services.images.write_protocol import too_late


@dataclass(frozen=True, slots=True)
class Upload:
    """An image to store, with the attributes that its sender set."""

    owner: str
    source: ImageSource
    attributes: Attributes
    until: datetime
    """The deadline: an upload that is not done by then fails, and is safe to repeat."""
    idempotency: IdempotencyKey | None = None
    extra_warnings: Callable[[ProcessedImage], tuple[str, ...]] = lambda _: ()
    """Warnings about the decoded picture, besides those that every upload may get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Accepts images."""

    earlier: EarlierImages
    sources: Sources
    processor: ImageProcessor
    reservations: Reservations
    quota: Quota
    clock: Clock
    sealing: Sealing
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def accept(self, upload: Upload) -> Image:
        """Store an image, or return the one that is stored already; its sealed part stays sealed.

        Safe to retry with the same idempotency key: the image is stored once, and a stored URL is not fetched again.

        Raises
        ------
        UrlNotAllowed, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        InvalidRequest, DuplicateImage, QuotaExceeded
        IdempotencyMismatch, IdempotencyInProgress
        Conflict, StorageUnavailable, DeadlineExceeded
        """
        return self._accept(upload)[0]

    def accept_and_show(self, upload: Upload) -> Image:
        """As `accept`, and return the image as its owner sees it; a new image needs no call to KMS for that."""
        image, is_new = self._accept(upload)
        if image.details.sealed is None:
            return image
        if not is_new:
            return self.sealing.open(image)
        return with_sensitive(image, sensitive_in(upload.attributes.generation, upload.attributes.analysis))

    def stored_under(self, name: str) -> Image | None:
        """The image, perhaps PENDING, of an idempotency key's name; None if there is none.

        For callers that no longer have the bytes. Raises ImageNotFound if the image was deleted.
        """
        return self.earlier.by_key_name(name)

    def _accept(self, upload: Upload) -> tuple[Image, bool]:
        """The stored image, and whether it is new."""
        # Check
        check_attributes(upload.attributes, self.clock.now())
        if (image := self.earlier.by_key(upload.idempotency)) is not None:
            return image, False
        content = self.sources.open(upload.source, until=upload.until)
        sha256 = hashlib.sha256(content.data).hexdigest()
        image = self.earlier.by_bytes(upload.owner, sha256, upload.attributes.on_duplicate)
        if image is not None:
            return image, False
        check_declared(content.data, content.declared_type)
        # Decode and render
        processed = self._process(content.data, upload.attributes)
        if self.clock.now() >= upload.until:
            raise too_late()
        # The write protocol: reserve
        draft = ImageDraft(
            owner=upload.owner,
            sha256=sha256,
            size_bytes=len(content.data),
            media_type=processed.media_type,
            attributes=self._with_filename(upload.attributes, content.filename),
            idempotency=upload.idempotency,
            extra_warnings=upload.extra_warnings(processed),
        )
        reserved = self.reservations.reserve(draft, processed, quota=self.quota)
        if isinstance(reserved, Image):
            return reserved, False
        # Put, and commit
        reserved.put(content.data, processed.renditions, until=upload.until)
        return reserved.commit(), True

    def _process(self, data: bytes, attributes: Attributes) -> ProcessedImage:
        generation = self.sealing.plain_part(attributes).generation
        provenance = provenance_of(self.mark, attributes.kind, generation)
        return self.processor.process(data, None, UPLOAD_RECIPES, provenance=provenance)

    def _with_filename(self, attributes: Attributes, filename: str | None) -> Attributes:
        # Some providers put the prompt into the address of a picture, so a store that seals takes no name from it.
        if attributes.filename or self.sealing.seals:
            return attributes
        return replace(attributes, filename=filename)


def check_declared(data: bytes, declared_type: str | None) -> None:
    """Raise ContentTypeMismatch if the bytes have another type than declared; the processor refuses unknown types."""
    if declared_type is None:
        return
    sniffed = sniff(data)
    declared: MediaType | None = parse_declared(declared_type)
    if sniffed is not None and sniffed is not declared:
        raise ContentTypeMismatch(f"The bytes are {sniffed.value}, which is not the type that was declared.")
