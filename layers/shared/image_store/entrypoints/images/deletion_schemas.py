"""Schemas of requests that delete many images."""

from typing import Annotated

from pydantic import Field

from image_store.entrypoints.http.fields import GroupName, Strict
from image_store.entrypoints.http.scalars import Flag
from image_store.services.images.batch_deletion import MAX_IDS


class BatchDelete(Strict):
    """The images to delete: either `ids` or `group`."""

    ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_IDS, description="Repeated ids are deleted once."
    )
    group: GroupName | None = Field(None, description=f"`type:id`; at most {MAX_IDS} images per request.")
    permanent: Flag = Field(
        default=False,
        description="Skips the trash. Images in the trash are in no group, so a group does not include them.",
    )
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="`next_cursor` of the previous response, with the same group.",
    )
