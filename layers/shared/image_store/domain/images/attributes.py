"""The attributes that a caller may give an image, and their limits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from image_store.domain.errors import InvalidRequest
from image_store.domain.images.details import DetailAttributes
from image_store.domain.images.image import Kind, Visibility


class OnDuplicate(StrEnum):
    """What to do if the owner already stores the same bytes."""

    KEEP = "keep"
    RETURN_EXISTING = "return_existing"
    REJECT = "reject"


MAX_FILENAME_CHARS = 255
MAX_CATEGORY_CHARS = 64
FIRST_CREATED_AT = datetime(1990, 1, 1, tzinfo=UTC)
"""Earlier dates are mistakes, such as the 0 of a clock that was never set."""


def normalize_text(text: str) -> str:
    """A text in Unicode's normal form NFC, in which texts are stored and compared: `é` is one character, not two."""
    if text.isascii():
        return text
    import unicodedata  # its table has a megabyte, and most texts are ASCII

    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes(DetailAttributes):
    """The attributes of a new image; the defaults are those of the API."""

    kind: Kind = Kind.UPLOAD
    visibility: Visibility = Visibility.PRIVATE
    filename: str | None = None
    category: str | None = None
    cache_control: str | None = None
    expires_at: datetime | None = None
    created_at: datetime | None = None
    """The date of an image that comes from elsewhere; None for one that is new."""
    on_duplicate: OnDuplicate = OnDuplicate.KEEP


def check_attributes(attributes: Attributes, now: datetime) -> None:
    """Refuse a published reference image, an expiry that has passed, or an impossible date; raises InvalidRequest."""
    if attributes.kind is Kind.REFERENCE and attributes.visibility is not Visibility.PRIVATE:
        raise InvalidRequest("A reference image is always private.")
    if attributes.expires_at is not None and attributes.expires_at <= now:
        raise InvalidRequest("expires_at must lie in the future.")
    if attributes.created_at is not None and not FIRST_CREATED_AT <= attributes.created_at <= now:
        raise InvalidRequest("created_at must not lie in the future or before 1990.")
