"""Schemas of images in responses."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.images.attribute_schemas import Analysis, GenerationBody


class ImageRenditionAnswer(BaseModel):
    """A rendition, and a link to it that works without a token."""

    url: str
    content_type: str
    width: int
    height: int
    size_bytes: int


class ImagePlaceholderAnswer(BaseModel):
    """A placeholder to show while the thumbnail loads."""

    blurhash: str
    color: str = Field(pattern="^#[0-9a-f]{6}$")


class ImageAnswer(BaseModel):
    """An image as its owner sees it."""

    id: str
    owner_id: str = Field(description="The owner: the subject of the owner's token.")
    kind: Kind
    visibility: Visibility
    status: Literal["ready", "trashed"]
    filename: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    sha256: str
    title: str | None
    alt_text: str | None
    alt_text_source: Literal["given", "derived", "none"]
    category: str | None
    tags: list[str]
    rating: int | None
    groups: dict[str, list[str]]
    generation: GenerationBody | None
    analysis: Analysis | None
    metadata: dict[str, Any]
    cache_control: str | None = Field(
        description="How long caches keep its public copies; null for the setting of the deployment."
    )
    placeholder: ImagePlaceholderAnswer
    url: str
    public_url: str | None
    renditions: dict[str, ImageRenditionAnswer]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    restorable_until: datetime | None = Field(
        description="When an image in the trash is deleted for good; null for other images."
    )
    warnings: list[str]


class CardExtraAnswer(BaseModel):
    """Fields that an item has only if `fields` names them."""

    title: str | None = None
    prompt: str | None = Field(None, description="Null where the deployment keeps it encrypted.")
    model: str | None = None
    provider: str | None = None
    tags: list[str] | None = None
    groups: dict[str, list[str]] | None = None
    owner_id: str | None = None
    renditions: dict[str, ImageRenditionAnswer] | None = Field(
        None, description="The renditions that were made with the image."
    )


class CardAnswer(CardExtraAnswer):
    """An image in a list."""

    id: str
    kind: Kind
    visibility: Visibility
    filename: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    alt_text: str | None
    placeholder: ImagePlaceholderAnswer
    thumb_url: str
    created_at: datetime
    restorable_until: datetime | None = Field(
        None, description="When it is deleted for good; only of images in the trash."
    )


class ImagePageAnswer(BaseModel):
    """A page of a list; it may be short or empty while `next_cursor` is not null."""

    items: list[CardAnswer]
    next_cursor: str | None


class SearchPageAnswer(ImagePageAnswer):
    """A page of search results."""

    not_searched: list[str] = Field(
        description="Fields that are not searched in new images, because the deployment encrypts them."
    )


class SimilarImageAnswer(BaseModel):
    """An image that looks like another; `distance` is 0 for images that look the same, and at most 8."""

    card: CardAnswer
    distance: int


class SimilarImagesAnswer(BaseModel):
    """The most similar images, the newest first among equals."""

    items: list[SimilarImageAnswer]


class FeedCardAnswer(CardExtraAnswer):
    """An image in the feed.

    Filenames, derived alt texts and attributes from owners are shown only if the deployment allows it, and are null
    otherwise.
    """

    id: str
    kind: Kind
    content_type: str
    size_bytes: int
    width: int
    height: int
    filename: str | None
    alt_text: str | None
    placeholder: ImagePlaceholderAnswer
    thumb_url: str
    public_url: str
    created_at: datetime


class FeedPageAnswer(BaseModel):
    """A page of the feed; it may be short or empty while `next_cursor` is not null."""

    items: list[FeedCardAnswer]
    next_cursor: str | None


class SignedLinkAnswer(BaseModel):
    """A link that works for everyone who has it, until it expires."""

    url: str
    expires_at: str
