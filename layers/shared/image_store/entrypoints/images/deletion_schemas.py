"""Requests that delete many images."""

from typing import Annotated

from pydantic import Field

from image_store.entrypoints.http.fields import GroupName, Strict
from image_store.entrypoints.http.scalars import Flag

MAX_BATCH_DELETE = 100


class BatchDelete(Strict):
    """What is to be deleted: either `ids` or `group`."""

    ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, min_length=1, max_length=MAX_BATCH_DELETE, description="Each is deleted once."
    )
    group: GroupName | None = Field(None, description="`type:id`; up to a hundred images a request.")
    permanent: Flag = Field(
        default=False,
        description="Past the trash. What lies in the trash already is in no group, and is not reached by one.",
    )
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="`next_cursor` of the answer before, with the same group.",
    )
