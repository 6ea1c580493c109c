"""What a list asks for and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.image import Image, Kind, Visibility
from image_store.domain.media import MediaType
from image_store.domain.renditions import Placeholder, Rendition

MAX_EXAMINED_ROWS = 2_000
"""One request reads at most so many rows; what is left is behind the next cursor."""


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which images of an owner, in which order; `since` is inclusive and `until` is not."""

    owner: str
    limit: int
    descending: bool = True
    kind: Kind | None = None
    visibility: Visibility | None = None
    group: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    trashed: bool = False
    category: str | None = None
    tag: str | None = None
    model: str | None = None
    provider: str | None = None
    from_records: bool = False
    """Whether rows count that are written with the record alone; those of projections may be a little behind."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """What a cursor of this list is bound to; the limit may change from page to page."""
        return (
            self.owner,
            str(self.descending),
            self.kind,
            self.visibility,
            self.group,
            self.since.isoformat() if self.since else None,
            self.until.isoformat() if self.until else None,
            str(self.trashed),
            self.category,
            self.tag,
            self.model,
            self.provider,
        )


@dataclass(frozen=True, slots=True)
class GroupOf:
    """A group of an owner: all of its images that are READY, the oldest first."""

    owner: str
    name: str
    """`type:id`"""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """What a cursor of this group is bound to."""
        return ("group", self.owner, self.name)


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Images of a group, and the id after which the next page begins; None when there is nothing more to read."""

    image_ids: tuple[str, ...]
    resume_after: str | None


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

    @property
    def thumb_key(self) -> str:
        """The private key of the thumbnail."""
        return f"{self.private_prefix}thumb.{self.thumb_type.extension}"

    @property
    def public_thumb_key(self) -> str | None:
        """The public key of the thumbnail; None unless the image is published."""
        return f"p/{self.publication}/thumb.{self.thumb_type.extension}" if self.publication else None


@dataclass(frozen=True, slots=True)
class CardPage:
    """Cards, and the id after which the next page begins; None when there is nothing more to read."""

    cards: tuple[Card, ...]
    resume_after: str | None


def thumb_of(image: Image) -> Rendition:
    """The thumbnail every image has from the moment it is READY."""
    return next(made for made in image.renditions if made.preset == "thumb")
