"""What lists show of an image."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.delivery.renditions import Placeholder, Rendition
from image_store.domain.images.image import Details, ImageRecord, Kind, Visibility, public_file
from image_store.domain.images.media import MediaType


@dataclass(frozen=True, slots=True)
class Card:
    """What a list tells of an image: enough for a gallery, small enough for a hundred in one read."""

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
    """Whether the owner wrote it; a derived one may repeat the prompt."""
    placeholder: Placeholder
    thumb_type: MediaType
    private_prefix: str
    """Folder, id and attempt: what the private key of the thumbnail begins with, ending in `/`."""
    publication: str | None
    created_at: datetime
    model: str | None = None
    provider: str | None = None
    """Who made it; both are read only where they are wanted."""
    renditions: tuple[Rendition, ...] = ()
    """Those made with the image; none in a card of an earlier build."""

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
    """What a card carries on request."""

    owner: str
    details: Details | None = None
    """None where they were not wanted, or the image is gone."""
    renditions: tuple[Rendition, ...] = ()


def thumb_of(record: ImageRecord) -> Rendition:
    """The thumbnail every image has from the moment it is READY."""
    return next(made for made in record.renditions if made.preset == "thumb")
