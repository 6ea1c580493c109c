"""What is answered to those who store or delete images."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from image_store.entrypoints.http.problem_schemas import ItemProblemAnswer
from image_store.entrypoints.images.answer_schemas import ImageAnswer


class UploadLinkAnswer(BaseModel):
    """The request that sends the bytes; its headers have to be sent exactly so."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]


class UploadTicketAnswer(BaseModel):
    """A direct upload that waits for its bytes."""

    id: str
    upload: UploadLinkAnswer
    expires_at: datetime


class UploadProgressAnswer(BaseModel):
    """A direct upload that is being completed behind the request; ask again in a moment."""

    id: str
    status: Literal["processing"]


class StoredItemAnswer(BaseModel):
    """An image of a batch, by the place of its item."""

    index: int
    image: ImageAnswer


class FailedItemAnswer(BaseModel):
    """An item of a batch that was not stored."""

    index: int
    error: ItemProblemAnswer


class BatchResultAnswer(BaseModel):
    """What became of each item of a batch."""

    successful: list[StoredItemAnswer]
    failed: list[FailedItemAnswer]


class FailedDeletionAnswer(BaseModel):
    """An image that was not deleted."""

    id: str
    error: ItemProblemAnswer


class BatchDeleteResultAnswer(BaseModel):
    """What became of each image that was to be deleted; with `next_cursor` the group goes on."""

    successful: list[str]
    failed: list[FailedDeletionAnswer]
    next_cursor: str | None
