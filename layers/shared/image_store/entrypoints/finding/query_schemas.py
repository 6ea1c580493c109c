"""What is asked of lists, searches and the feed, and of a single image."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from image_store.domain.callers.actor import MAX_OWNER_CHARS, is_owner
from image_store.domain.finding.lists import FIELDS
from image_store.domain.images import attributes as limits
from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.http.fields import ComparedLine, GroupName, Strict, Tag
from image_store.entrypoints.http.scalars import Flag, Moment, Whole


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
        raise ValueError("must be such as a token's subject is")
    return text


Owner = Annotated[str, AfterValidator(_owner)]

FieldList = Annotated[
    frozenset[str],
    BeforeValidator(_fields),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({'|'.join(FIELDS)})(,({'|'.join(FIELDS)}))*$",
            "description": f"What each item carries besides: some of {', '.join(FIELDS)}, separated by commas.",
            "examples": ["title,tags"],
        }
    ),
]


class FilterParameters(Strict):
    """Which images to answer: a field for each filter; `from` is inclusive, `to` is not."""

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


class ImageListParameters(FilterParameters):
    """Which images a list shows; `from` is inclusive, `to` is not."""

    cursor: str | None = Field(None, min_length=1, max_length=500)
    order: Order = Order.DESC
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-fA-F]{64}$",
        description="The checksum of the bytes; not together with `tag`, `group` or `trashed`.",
    )


class SearchParameters(FilterParameters):
    """What is searched for, and among which images; `from` is inclusive, `to` is not."""

    q: str = Field(
        min_length=1,
        max_length=200,
        description="Words, or beginnings of words, all of which title, tags, filename, alt text or prompt must hold.",
    )
    cursor: str | None = Field(None, min_length=1, max_length=1_000)


class SimilarParameters(Strict):
    """How many similar images are wanted."""

    limit: Whole = Field(20, ge=1, le=50)


class FeedParameters(Strict):
    """Which part of the feed is wanted; `from` is inclusive, `to` is not."""

    limit: Whole = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=500)
    group: GroupName | None = Field(
        None, description="`type:id`, whoever owns the images; add `owner` where only one may fill a group."
    )
    owner: Owner | None = Field(None, min_length=1, max_length=MAX_OWNER_CHARS)
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    fields: FieldList | None = None


class DeleteParameters(Strict):
    """How an image is deleted."""

    permanent: Flag = False


class ContentParameters(Strict):
    """Which bytes of an image are wanted; the original unless a rendition is named."""

    rendition: str | None = Field(
        None,
        pattern="^[a-z0-9_-]{1,32}$",
        description="A preset: `thumb`, `display`, `w640`, `w1280`, `w2048`, or those that the deployment sets.",
    )
