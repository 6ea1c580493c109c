"""Groups and tags as places: what an owner keeps of a group, and what lists show of groups and tags."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.finding.cards import Card
from image_store.domain.finding.words import folded

MAX_GROUP_RECORDS = 1_000
"""The most groups of an owner that have a record; groups that only follow from images are not limited."""
MAX_GROUP_TITLE_CHARS = 200
MAX_PREFIX_CHARS = 64
"""The most characters of a prefix, and of a folded name that decide its place in a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRecord:
    """What an owner said of a group; it exists whether or not images are in the group."""

    owner: str
    name: str
    """`type:id`"""
    change: str
    """A random token, new with every change."""
    created_at: datetime
    title: str | None = None
    cover_image_id: str | None = None
    """The image that was chosen as cover; it need not exist any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSummary:
    """A group as a list shows it."""

    name: str
    title: str | None = None
    images: int = 0
    """The number of READY images; changes of images count within seconds."""
    newest: Card | None = None
    cover: Card | None = None
    """The chosen image if it is READY and in the group, else the newest one."""


@dataclass(frozen=True, slots=True)
class TagSummary:
    """A tag of READY images."""

    tag: str
    images: int
    newest_at: datetime | None
    """When the newest of its images was stored; None if its last image has just lost the tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupQuery:
    """Which groups of an owner a list shows."""

    owner: str
    limit: int
    group_type: str | None = None
    prefix: str = ""
    """How ids begin, or `type:id` without a type, or a word of the title; case and accents do not matter."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for."""
        return ("groups", self.owner, self.group_type, folded_name(self.prefix))

    @property
    def place_prefix(self) -> str:
        """How the places of its groups begin, but for those with a matching title."""
        begin = f"{self.group_type}:" if self.group_type is not None else ""
        return f"{begin}{folded_name(self.prefix)}"

    def has_title(self, title: str | None) -> bool:
        """Whether a title, or the rest of it from some word on, begins with the prefix."""
        prefix = folded_name(self.prefix)
        if title is None or not prefix:
            return False
        words = folded(title).split()
        return any(" ".join(words[first:]).startswith(prefix) for first in range(len(words)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TagQuery:
    """Which tags of an owner's READY images a list shows."""

    owner: str
    limit: int
    prefix: str = ""
    """How tags begin; case and accents do not matter."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for."""
        return ("tags", self.owner, folded_name(self.prefix))


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Groups in the order of their names, and the place after which the next page begins; None at the end."""

    groups: tuple[GroupSummary, ...]
    resume_after: str | None


@dataclass(frozen=True, slots=True)
class TagPage:
    """Tags in order, and the place after which the next page begins; None at the end."""

    tags: tuple[TagSummary, ...]
    resume_after: str | None


def folded_name(text: str) -> str:
    """The beginning of a name without differences of case, accents and width: names are sorted by it."""
    return folded(text)[:MAX_PREFIX_CHARS]
