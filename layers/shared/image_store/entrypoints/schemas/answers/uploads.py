"""What is answered to those who store or delete images."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from image_store.entrypoints.schemas.answers.images import Image
from image_store.entrypoints.schemas.answers.problems import ItemProblem


class UploadLink(BaseModel):
    """The request that sends the bytes; its headers have to be sent exactly so."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]


class UploadTicket(BaseModel):
    """A direct upload that waits for its bytes."""

    id: str
    upload: UploadLink
    expires_at: datetime


class UploadProgress(BaseModel):
    """A direct upload that is being completed behind the request; ask again in a moment."""

    id: str
    status: Literal["processing"]


class StoredItem(BaseModel):
    """An image of a batch, by the place of its item."""

    index: int
    image: Image


class FailedItem(BaseModel):
    """An item of a batch that was not stored."""

    index: int
    error: ItemProblem


class BatchResult(BaseModel):
    """What became of each item of a batch."""

    successful: list[StoredItem]
    failed: list[FailedItem]


class FailedDeletion(BaseModel):
    """An image that was not deleted."""

    id: str
    error: ItemProblem


class BatchDeleteResult(BaseModel):
    """What became of each image that was to be deleted; with `next_cursor` the group goes on."""

    successful: list[str]
    failed: list[FailedDeletion]
    next_cursor: str | None
