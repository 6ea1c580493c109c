"""Stores an image in one request: checks it, decodes and renders it, and takes it through the write protocol.

The module `write_protocol` documents the three steps of the protocol, and what each failure leaves.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.upload_tokens import UploadToken, charges_of
from image_store.domain.delivery.renditions import UPLOAD_RECIPES
from image_store.domain.errors import ContentTypeMismatch, UploadNotAllowed
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
from image_store.services.callers.upload_tokens import UploadPermissions
from image_store.services.images.earlier_images import EarlierImages
from image_store.services.images.reservations import Reservations
from image_store.services.images.sealing import Sealing
from image_store.services.images.sources import ImageSource, RemoteUrl, Sources
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
    upload_token: str | None = None
    """The id of the upload token that it is sent with."""
    allowance: KeyAllowance | None = None
    """Of the API key that it counts for."""
    given: frozenset[str] = frozenset()
    """The names of the attributes that its sender set; they matter for upload tokens only."""
    old_paths: tuple[str, ...] = ()
    """Paths under which it was public elsewhere, and which lead here from now on."""


class Outcome(Enum):
    """How an accepted upload became the image that is returned."""

    STORED = auto()
    REPEATED = auto()
    """An earlier request with the same idempotency key has stored it."""
    EXISTED = auto()
    """The owner has an image with these bytes, and `on_duplicate` returns it."""


@dataclass(frozen=True, slots=True)
class AcceptedImage:
    """The image of an accepted upload, as its sender sees it."""

    image: Image
    existed: bool
    """Whether `on_duplicate` returned an image that was stored before; false for a repeated request."""


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
    upload_permissions: Callable[[], UploadPermissions]
    mark: ProvenanceMark = ProvenanceMark.SOURCE

    def accept(self, upload: Upload) -> Image:
        """Store an image, or return the one that is stored already; its sealed part stays sealed.

        Safe to retry with the same idempotency key: the image is stored once, and a stored URL is not fetched again.

        Raises
        ------
        UrlNotAllowed, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        InvalidRequest, DuplicateImage, QuotaExceeded
        IdempotencyMismatch, IdempotencyInProgress
        InvalidToken, UploadNotAllowed, UploadTokenUsedUp, PayloadTooLarge
            the upload token has expired, or does not allow this upload
        Conflict, StorageUnavailable, DeadlineExceeded
        """
        return self._accept(upload, self._token_of(upload))[0]

    def accept_and_show(self, upload: Upload) -> AcceptedImage:
        """As `accept`, and return the image as its sender sees it; a new image needs no call to KMS for that."""
        token = self._token_of(upload)
        image, outcome = self._accept(upload, token)
        if image.details.sealed is not None:
            attributes = upload.attributes
            image = (
                with_sensitive(image, sensitive_in(attributes.generation, attributes.analysis))
                if outcome is Outcome.STORED
                else self.sealing.open(image)
            )
        return AcceptedImage(
            image if token is None else token.shown(image), existed=outcome is Outcome.EXISTED
        )

    def stored_under(self, name: str) -> Image | None:
        """The image, perhaps PENDING, of an idempotency key's name; None if there is none.

        For callers that no longer have the bytes. Raises ImageNotFound if the image was deleted.
        """
        return self.earlier.by_key_name(name)

    def _token_of(self, upload: Upload) -> UploadToken | None:
        if upload.upload_token is None:
            return None
        if isinstance(upload.source, RemoteUrl):
            raise UploadNotAllowed(
                "With an upload token send the bytes; it does not let you fetch them from a URL."
            )
        return self.upload_permissions().in_force(upload.upload_token)

    def _accept(self, upload: Upload, token: UploadToken | None) -> tuple[Image, Outcome]:
        # Check
        attributes = (
            upload.attributes if token is None else token.attributes_with(upload.attributes, upload.given)
        )
        check_attributes(attributes, self.clock.now())
        if (image := self.earlier.by_key(upload.idempotency)) is not None:
            return image, Outcome.REPEATED
        content = self.sources.open(upload.source, until=upload.until)
        if token is not None:
            token.check(size_bytes=len(content.data), media_type=sniff(content.data))
        sha256 = hashlib.sha256(content.data).hexdigest()
        image = self.earlier.by_bytes(upload.owner, sha256, attributes.on_duplicate)
        if image is not None:
            return image, _outcome_of(image, upload)
        check_declared(content.data, content.declared_type)
        # Decode and render
        processed = self._process(content.data, attributes)
        if self.clock.now() >= upload.until:
            raise too_late()
        # The write protocol: reserve
        allowance = upload.allowance if token is None else token.allowance
        draft = ImageDraft(
            owner=upload.owner,
            sha256=sha256,
            size_bytes=len(content.data),
            media_type=processed.media_type,
            attributes=self._with_filename(attributes, content.filename),
            idempotency=upload.idempotency,
            extra_warnings=upload.extra_warnings(processed),
            upload_token=upload.upload_token,
            api_key=allowance.key_id if allowance is not None else None,
            charges=charges_of(token, allowance, size_bytes=len(content.data), at=self.clock.now()),
            old_paths=upload.old_paths,
        )
        reserved = self.reservations.reserve(draft, processed, quota=self.quota)
        if isinstance(reserved, Image):  # another request has stored it meanwhile
            return reserved, _outcome_of(reserved, upload)
        # Put, and commit
        reserved.put(content.data, processed.renditions, until=upload.until)
        return reserved.commit(), Outcome.STORED

    def _process(self, data: bytes, attributes: Attributes) -> ProcessedImage:
        generation = self.sealing.plain_part(attributes).generation
        provenance = provenance_of(self.mark, attributes.kind, generation)
        return self.processor.process(data, None, UPLOAD_RECIPES, provenance=provenance)

    def _with_filename(self, attributes: Attributes, filename: str | None) -> Attributes:
        # Some providers put the prompt into the address of a picture, so a store that seals takes no name from it.
        if attributes.filename or self.sealing.seals:
            return attributes
        return replace(attributes, filename=filename)


def _outcome_of(image: Image, upload: Upload) -> Outcome:
    """How an earlier request stored an image: a first try of this upload may have ended after its key was looked up."""
    is_own = upload.idempotency is not None and image.record.idempotency == upload.idempotency.name
    return Outcome.REPEATED if is_own else Outcome.EXISTED


def check_declared(data: bytes, declared_type: str | None) -> None:
    """Raise ContentTypeMismatch if the bytes have another type than declared; the processor refuses unknown types."""
    if declared_type is None:
        return
    sniffed = sniff(data)
    declared: MediaType | None = parse_declared(declared_type)
    if sniffed is not None and sniffed is not declared:
        raise ContentTypeMismatch(f"The bytes are {sniffed.value}, which is not the type that was declared.")
