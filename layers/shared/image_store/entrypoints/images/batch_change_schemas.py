"""Schemas of requests that change or restore many images."""

from typing import Annotated

from pydantic import AfterValidator, Field

from image_store.domain.images import details as limits
from image_store.domain.images.image import Visibility
from image_store.entrypoints.http.fields import Changes, GroupName, Strict, Tag
from image_store.entrypoints.images.attribute_schemas import Category
from image_store.services.images.batch_deletion import MAX_IDS


def _short(name: str) -> str:
    if len(name.partition(":")[2]) > limits.MAX_GROUP_ID_CHARS:
        raise ValueError(f"must have at most {limits.MAX_GROUP_ID_CHARS} characters after the colon")
    return name


_Ids = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(min_length=1, max_length=MAX_IDS, description="Repeated ids count once."),
]
_Tags = Annotated[list[Tag], Field(max_length=limits.MAX_TAGS)]
_GroupNames = Annotated[
    list[Annotated[GroupName, AfterValidator(_short)]], Field(max_length=limits.MAX_GROUPS)
]


class BatchUpdate(Changes):
    """The images to change, and at least one change, which is the same for all of them."""

    ids: _Ids
    add_tags: _Tags = Field([], description="They come behind the tags that an image has.")
    remove_tags: _Tags = Field([])
    add_groups: _GroupNames = Field([], description="Each `type:id`, such as `album:summer`.")
    remove_groups: _GroupNames = Field([])
    visibility: Visibility = Visibility.PRIVATE
    category: Category = Field(None, description="Null removes the category.")


class BatchRestore(Strict):
    """The images to take out of the trash."""

    ids: _Ids
