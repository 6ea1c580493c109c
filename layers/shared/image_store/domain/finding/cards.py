"""The card: the part of an image that lists show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.images.details import Details
from image_store.domain.images.image import ImageRecord, Kind, Visibility, public_file
from image_store.domain.images.media import MediaType


@dataclass(frozen=True, slots=True)
class Card:
    """An image in a list: enough for a gallery, and small enough to read a hundred at once."""

    id: str
    kind: Kind
    visibility: Visibility
    filename: str
    media_type: MediaType
    size_bytes: int
    width: int
    height: int
    alt_text: str | None
    alt_text_given: bool
    """Whether the owner wrote the alternative text; a derived one may repeat the prompt."""
    placeholder: Placeholder
    thumb_type: MediaType
    private_prefix: str
    """The beginning of private keys: folder, id and attempt, ending in `/`."""
    publication: str | None
    created_at: datetime
    model: str | None = None
    provider: str | None = None
    """Where the image was generated; model and provider are read on request only."""
    renditions: tuple[Rendition, ...] = ()
    """The renditions that were made with the image; empty in a card of an earlier build."""
    restorable_until: datetime | None = None
    """When an image in the trash is deleted for good; None in a card of an earlier build too."""

    @property
    def thumb_key(self) -> str:
        """The private key of the thumbnail."""
        return f"{self.private_prefix}{self._thumb_filename}"

    @property
    def public_thumb_key(self) -> str | None:
        """The public key of the thumbnail; None unless the image is published."""
        return public_file(self.publication, self._thumb_filename) if self.publication else None

    @property
    def _thumb_filename(self) -> str:
        return f"thumb.{self.thumb_type.extension}"

    def rendition_key(self, rendition: Rendition) -> str:
        """The private key of a rendition."""
        return f"{self.private_prefix}{rendition.filename}"


@dataclass(frozen=True, slots=True)
class CardFields:
    """The values of the fields that a card carries on request."""

    owner: str
    details: Details | None = None
    """None unless a field needs them, and when the image is gone."""
    renditions: tuple[Rendition, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Cards and the cursor of the next page; a page may be short or empty while there is a cursor."""

    cards: tuple[Card, ...]
    next_cursor: str | None
    fields: Mapping[str, CardFields] = field(default_factory=dict)
    """What the cards carry on request, by image id."""


def thumb_of(record: ImageRecord) -> Rendition:
    """The thumbnail, which every READY image has."""
    return next(rendition for rendition in record.renditions if rendition.preset == "thumb")
