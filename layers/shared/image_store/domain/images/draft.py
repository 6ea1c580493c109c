"""An image before it is reserved."""

from dataclasses import dataclass

from image_store.domain.images.attributes import Attributes
from image_store.domain.images.details import DETAIL_ATTRIBUTES, Details, derived_alt_text
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.reservation import Charge, IdempotencyKey

WARN_ABOVE_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDraft:
    """Everything that the sender and the bytes of an image determine."""

    owner: str
    sha256: str
    size_bytes: int
    media_type: MediaType
    attributes: Attributes
    idempotency: IdempotencyKey | None
    extra_warnings: tuple[str, ...] = ()
    """Further warnings, besides those of `warnings`."""
    upload_token: str | None = None
    """The id of the upload token that it is sent with."""
    api_key: str | None = None
    """The id of the API key that it counts for."""
    charges: tuple[Charge, ...] = ()
    old_paths: tuple[str, ...] = ()
    """Paths under which it was public elsewhere."""


def warnings(size_bytes: int, processed: ProcessedImage | None) -> tuple[str, ...]:
    """Facts that the owner should know, although the image can be stored."""
    large = ("The original is larger than 10 MB.",) if size_bytes > WARN_ABOVE_BYTES else ()
    return large + (processed.warnings if processed else ())


def details(
    attributes: Attributes,
    *,
    sealed: str | None,
    image_warnings: tuple[str, ...],
    old_paths: tuple[str, ...] = (),
) -> Details:
    """The details of a new image; `sealed` is the sealed part of its attributes."""
    values = {name: getattr(attributes, name) for name in DETAIL_ATTRIBUTES}
    values["alt_text"] = attributes.alt_text or derived_alt_text(attributes.title, attributes.generation)
    return Details(
        **values,
        alt_text_given=attributes.alt_text is not None,
        sealed=sealed,
        warnings=image_warnings,
        old_paths=old_paths,
    )
