"""What is asked of lists, searches and the feed, and of a single image."""

from enum import StrEnum

from pydantic import Field

from image_store.domain import attributes as limits
from image_store.domain.image import Kind, Visibility
from image_store.entrypoints.schemas.fields import GROUP_PATTERN, Line, Strict, Tag
from image_store.entrypoints.schemas.scalars import Flag, Instant, Whole


class Order(StrEnum):
    """Newest or oldest first."""

    DESC = "desc"
    ASC = "asc"


class _Filters(Strict):
    """Which images are wanted; `from` is inclusive, `to` is not."""

    limit: Whole = Field(50, ge=1, le=100)
    kind: Kind | None = None
    visibility: Visibility | None = None
    tag: Tag | None = None
    group: str | None = Field(None, max_length=161, pattern=GROUP_PATTERN, description="`type:id`")
    model: Line | None = Field(None, min_length=1, max_length=128)
    provider: Line | None = Field(None, min_length=1, max_length=64)
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    since: Instant | None = Field(None, alias="from")
    until: Instant | None = Field(None, alias="to")
    trashed: Flag = False


class ImageQuery(_Filters):
    """Which images a list shows; `from` is inclusive, `to` is not."""

    cursor: str | None = Field(None, min_length=1, max_length=500)
    order: Order = Order.DESC


class SearchQuery(_Filters):
    """What is searched for, and among which images; `from` is inclusive, `to` is not."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="Words, or beginnings of words, all of which title, tags, filename, alt text or prompt must hold.",
    )
    cursor: str | None = Field(None, min_length=1, max_length=1_000)


class SimilarQuery(Strict):
    """How many similar images are wanted."""

    limit: Whole = Field(20, ge=1, le=50)


class FeedQuery(Strict):
    """How much of the feed is wanted."""

    limit: Whole = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=500)


class DeleteQuery(Strict):
    """How an image is deleted."""

    permanent: Flag = False


class ContentQuery(Strict):
    """Which bytes of an image are wanted; the original unless a rendition is named."""

    rendition: str | None = Field(
        None,
        pattern="^[a-z0-9_-]{1,32}$",
        description="A preset: `thumb`, `display`, `w640`, `w1280`, `w2048`, or those that the deployment sets.",
    )
