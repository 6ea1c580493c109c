"""Schemas of requests and responses about groups and tags."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from image_store.domain.finding.groups import MAX_GROUP_TITLE_CHARS, MAX_PREFIX_CHARS
from image_store.entrypoints.http.fields import (
    ComparedLine,
    GroupId,
    GroupName,
    GroupType,
    Line,
    MergePatch,
    Strict,
)
from image_store.entrypoints.http.scalars import Whole
from image_store.entrypoints.images.answer_schemas import ImagePlaceholderAnswer
from image_store.entrypoints.images.upload_answer_schemas import FailedDeletionAnswer

MAX_CURSOR_CHARS = 1_500


class GroupsQuery(Strict):
    """Which groups to list."""

    type: GroupType | None = Field(None, description="Only groups of this type, such as `album`.")
    prefix: ComparedLine | None = Field(
        None,
        min_length=1,
        max_length=MAX_PREFIX_CHARS,
        description="Only groups whose id begins like this, or a word of whose title does; case and accents do not "
        "matter. Without `type` it is compared with `type:id`.",
    )
    limit: Whole = Field(50, ge=1, le=50)
    cursor: str | None = Field(None, min_length=1, max_length=MAX_CURSOR_CHARS)


class TagsQuery(Strict):
    """Which tags to list."""

    prefix: ComparedLine | None = Field(
        None,
        min_length=1,
        max_length=MAX_PREFIX_CHARS,
        description="Only tags that begin like this; case and accents do not matter.",
    )
    limit: Whole = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, min_length=1, max_length=MAX_CURSOR_CHARS)


class GroupRequest(Strict):
    """A group to create."""

    type: GroupType = Field(examples=["album"])
    id: GroupId | None = Field(None, description="By default a random one is made.", examples=["summer"])
    title: Line | None = Field(
        None, min_length=1, max_length=MAX_GROUP_TITLE_CHARS, description="A readable name for your lists."
    )


class GroupPatch(MergePatch):
    """Changes of a group (RFC 7396): a missing field stays, null removes a value."""

    title: Line | None = Field(None, min_length=1, max_length=MAX_GROUP_TITLE_CHARS)
    cover_image_id: str | None = Field(
        None, min_length=1, max_length=64, description="An image of the group; null for its newest image."
    )


class GroupImages(StrEnum):
    """What happens to the images of a group that is deleted."""

    KEEP = "keep"
    TRASH = "trash"


class GroupDeleteQuery(Strict):
    """How to delete a group."""

    images: GroupImages = Field(
        description="`keep` takes the images out of the group; `trash` also moves them to the trash."
    )
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="`next_cursor` of the previous response, with the same group.",
    )


class GroupPath(Strict):
    """The group in a path."""

    group: GroupName


class GroupCoverAnswer(BaseModel):
    """The picture that stands for a group: the chosen image, or else its newest."""

    id: str
    thumb_url: str
    placeholder: ImagePlaceholderAnswer
    width: int
    height: int


class GroupAnswer(BaseModel):
    """A group of images."""

    group: str = Field(description="`type:id`", examples=["album:summer"])
    type: str = Field(examples=["album"])
    id: str = Field(examples=["summer"])
    title: str | None = Field(examples=["Summer by the sea"])
    images: int = Field(
        description="Images in the trash do not count; changes of images count within seconds.", examples=[12]
    )
    newest_at: datetime | None = Field(description="When its newest image was stored; null without images.")
    cover: GroupCoverAnswer | None = Field(description="Null without images.")


class GroupPageAnswer(BaseModel):
    """Groups in the order of type and id; a page may be short or empty while `next_cursor` is not null."""

    items: list[GroupAnswer]
    next_cursor: str | None


class GroupDeletionAnswer(BaseModel):
    """What a request has done to the images of a group that is deleted."""

    images: int = Field(description="The number of images that it took out of the group.", examples=[12])
    failed: list[FailedDeletionAnswer] = Field(
        description="Images that are still in the group, which stays with them."
    )
    next_cursor: str | None = Field(description="Send the request again with it until it is null.")


class TagAnswer(BaseModel):
    """A tag of images."""

    tag: str = Field(examples=["beach"])
    images: int = Field(
        description="Images in the trash do not count; changes of images count within seconds.", examples=[12]
    )
    newest_at: datetime | None = Field(
        description="When the newest of its images was stored; null if the last one has just lost the tag."
    )


class TagPageAnswer(BaseModel):
    """Tags in order; a page may be short or empty while `next_cursor` is not null."""

    items: list[TagAnswer]
    next_cursor: str | None
