"""Schemas of the list of owners."""

from pydantic import BaseModel, Field

from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Whole

MAX_OWNERS = 1_000


class OwnersQuery(Strict):
    """How many owners to return, and from where on."""

    limit: Whole = Field(100, ge=1, le=MAX_OWNERS)
    cursor: str | None = Field(
        None, min_length=1, max_length=400, description="`next_cursor` of the previous page."
    )


class OwnerAnswer(BaseModel):
    """An owner who has or had an image."""

    owner_id: str


class OwnersAnswer(BaseModel):
    """Some owners, in an order that does not change."""

    items: list[OwnerAnswer]
    next_cursor: str | None
