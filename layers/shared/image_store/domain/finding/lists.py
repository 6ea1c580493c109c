"""What a list asks for and what it answers."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.finding.cards import Card
from image_store.domain.images.image import Kind, Visibility

FIELDS = ("title", "prompt", "model", "provider", "tags", "groups", "owner_id", "renditions")
"""What cards carry on request."""
FIELDS_OF_DETAILS = frozenset({"title", "prompt", "tags", "groups"})
"""Those that no row of a list holds: they take one more read of each image."""
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
    sha256: str | None = None
    """The checksum of the bytes; not together with a group, a tag or the trash."""
    fields: frozenset[str] = frozenset()
    """Those of `FIELDS` that are wanted."""
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
            *(() if self.sha256 is None else (self.sha256,)),
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
class CardPage:
    """Cards, and the id after which the next page begins; None when there is nothing more to read."""

    cards: tuple[Card, ...]
    resume_after: str | None
