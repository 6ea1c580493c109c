"""The query parameters of lists, searches and the feed."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from image_store.domain.callers.actor import MAX_OWNER_CHARS, is_owner
from image_store.domain.finding.filters import FILTER_NAMES
from image_store.domain.finding.lists import FIELDS, ListQuery
from image_store.domain.images import attributes as limits
from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.http.fields import ComparedLine, GroupName, Strict, Tag
from image_store.entrypoints.http.scalars import Flag, Moment, Whole

if TYPE_CHECKING:  # a list loads nothing of a search
    from image_store.domain.finding.feed import FeedQuery
    from image_store.domain.finding.search import SearchQuery


class Order(StrEnum):
    """Newest or oldest first."""

    DESC = "desc"
    ASC = "asc"


def _fields(text: object) -> frozenset[str]:
    names = frozenset(text.split(",")) if isinstance(text, str) else frozenset()
    if not names or not names <= set(FIELDS):
        raise ValueError(f"must be some of {', '.join(FIELDS)}, separated by commas")
    return names


def _owner(text: str) -> str:
    if not is_owner(text):
        raise ValueError("must be a valid subject of a token")
    return text


Owner = Annotated[str, AfterValidator(_owner)]

FieldList = Annotated[
    frozenset[str],
    BeforeValidator(_fields),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({'|'.join(FIELDS)})(,({'|'.join(FIELDS)}))*$",
            "description": f"More fields for each item: some of {', '.join(FIELDS)}, separated by commas.",
            "examples": ["title,tags"],
        }
    ),
]


class FilterParameters(Strict):
    """Which images to return, one field for each filter; `from` is inclusive, `to` is not."""

    limit: Whole = Field(50, ge=1, le=100)
    kind: Kind | None = None
    visibility: Visibility | None = None
    tag: Tag | None = None
    group: GroupName | None = None
    model: ComparedLine | None = Field(None, min_length=1, max_length=128)
    provider: ComparedLine | None = Field(None, min_length=1, max_length=64)
    category: ComparedLine | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    trashed: Flag = False
    fields: FieldList | None = None

    def _query(self, owner: str) -> dict[str, Any]:
        """What the queries of lists and searches have in common."""
        filters = {name: getattr(self, name) for name in FILTER_NAMES}
        return {"owner": owner, "limit": self.limit, "fields": self.fields or frozenset(), **filters}


class ImageListParameters(FilterParameters):
    """Which images a list contains; `from` is inclusive, `to` is not."""

    cursor: str | None = Field(None, min_length=1, max_length=500)
    order: Order = Order.DESC
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-fA-F]{64}$",
        description="The checksum of the bytes; not together with `tag`, `group` or `trashed`.",
    )

    def to_domain(self, owner: str) -> ListQuery:
        """The list that they describe, of one owner."""
        return ListQuery(
            descending=self.order is Order.DESC,
            sha256=self.sha256.lower() if self.sha256 else None,
            **self._query(owner),
        )


class SearchParameters(FilterParameters):
    """Which words to search for, and in which images; `from` is inclusive, `to` is not."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="Words or beginnings of words; title, tags, filename, alt text or prompt must contain all of them.",
    )
    cursor: str | None = Field(None, min_length=1, max_length=1_000)

    def to_domain(self, owner: str) -> "SearchQuery":
        """The search that they describe, among the images of one owner."""
        from image_store.domain.finding.search import SearchQuery
        from image_store.domain.finding.words import query_terms

        return SearchQuery(words=query_terms(self.q), **self._query(owner))


class SimilarParameters(Strict):
    """How many similar images to return."""

    limit: Whole = Field(20, ge=1, le=50)


class FeedParameters(Strict):
    """Which part of the feed to return; `from` is inclusive, `to` is not."""

    limit: Whole = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=500)
    group: GroupName | None = Field(
        None, description="`type:id`, of any owner; add `owner` to get the images of one owner only."
    )
    owner: Owner | None = Field(None, min_length=1, max_length=MAX_OWNER_CHARS)
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    fields: FieldList | None = None

    def to_domain(self) -> "FeedQuery":
        """The part of the feed that they describe."""
        from image_store.domain.finding.feed import FeedQuery

        return FeedQuery(self.limit, owner=self.owner, group=self.group, since=self.since, until=self.until)
