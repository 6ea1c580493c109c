"""The attributes that a caller may give an image, and their limits."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from image_store.domain.errors import InvalidRequest
from image_store.domain.images.image import Kind, Visibility


class OnDuplicate(StrEnum):
    """What to do when the owner already stores these very bytes."""

    KEEP = "keep"
    RETURN_EXISTING = "return_existing"
    REJECT = "reject"


MAX_TAGS = 20
MAX_TAG_CHARS = 64
MAX_GROUPS = 20
MAX_FILENAME_CHARS = 255
MAX_TITLE_CHARS = 300
MAX_ALT_TEXT_CHARS = 2_000
MAX_CATEGORY_CHARS = 64
MAX_METADATA_BYTES = 4 * 1024
MAX_GENERATION_BYTES = 16 * 1024
MAX_ANALYSIS_BYTES = 16 * 1024


def composed(text: str) -> str:
    """A text in Unicode's NFC, in which texts are stored and compared: `é` is one character, not two."""
    if text.isascii():
        return text
    import unicodedata  # most texts are ASCII and need no table of a megabyte

    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of a new image; the defaults are those of the API."""

    kind: Kind = Kind.UPLOAD
    visibility: Visibility = Visibility.PRIVATE
    filename: str | None = None
    title: str | None = None
    alt_text: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    rating: int | None = None
    groups: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    generation: dict[str, Any] | None = None
    analysis: dict[str, Any] | None = None
    cache_control: str | None = None
    expires_at: datetime | None = None
    on_duplicate: OnDuplicate = OnDuplicate.KEEP


def check_attributes(attributes: Attributes, now: datetime) -> None:
    """Refuse a published reference image, or an expiry that has passed; raises InvalidRequest."""
    if attributes.kind is Kind.REFERENCE and attributes.visibility is not Visibility.PRIVATE:
        raise InvalidRequest("A reference image is always private.")
    if attributes.expires_at is not None and attributes.expires_at <= now:
        raise InvalidRequest("expires_at must lie in the future.")


def derived_alt_text(details_title: str | None, generation: dict[str, Any] | None) -> str | None:
    """The alternative text of an image that has none of its own: its prompt, or else its title."""
    prompt = (generation or {}).get("prompt")
    text = prompt if isinstance(prompt, str) and prompt.strip() else details_title
    return " ".join(text.split())[:300] if text else None
