"""The query and the pages of a list."""

from dataclasses import dataclass

from image_store.domain.finding.cards import Card
from image_store.domain.finding.filters import Filters

FIELDS = ("title", "prompt", "model", "provider", "tags", "groups", "owner_id", "renditions")
"""The names of the fields that cards carry on request."""
FIELDS_OF_DETAILS = frozenset({"title", "prompt", "tags", "groups"})
"""The fields that no row of a list holds: they take one more read for each image."""
MAX_EXAMINED_ROWS = 2_000
"""The most rows that one request reads; the next cursor continues after them."""


_BINDING_ORDER = (
    "kind",
    "visibility",
    "group",
    "since",
    "until",
    "trashed",
    "category",
    "tag",
    "model",
    "provider",
)


@dataclass(frozen=True, slots=True)
class ListQuery(Filters):
    """Which images of an owner, in which order."""

    owner: str
    limit: int
    descending: bool = True
    sha256: str | None = None
    """The checksum of the bytes; not together with a group, a tag or the trash."""
    fields: frozenset[str] = frozenset()
    """The names out of `FIELDS` that cards carry."""
    from_records: bool = False
    """Whether to read only rows that are written with the record; projections may lag behind. Not with a tag."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for; the limit may change from page to page."""
        return (
            self.owner,
            str(self.descending),
            *self.filter_binding(_BINDING_ORDER),
            *(() if self.sha256 is None else (self.sha256,)),
        )


@dataclass(frozen=True, slots=True)
class OwnerGroup:
    """A group of one owner: its READY images, the oldest first."""

    owner: str
    name: str
    """`type:id`"""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for."""
        return ("group", self.owner, self.name)


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Images of a group, and the id after which the next page begins; None at the end."""

    image_ids: tuple[str, ...]
    resume_after: str | None


@dataclass(frozen=True, slots=True)
class CardPage:
    """Cards, and the id after which the next page begins; None at the end."""

    cards: tuple[Card, ...]
    resume_after: str | None
