"""Schemas of responses to requests that store, change or delete images."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from image_store.entrypoints.http.problem_schemas import ItemProblemAnswer
from image_store.entrypoints.images.answer_schemas import ImageAnswer


class UploadLinkAnswer(BaseModel):
    """The request that sends the bytes; its headers must be sent unchanged."""

    method: Literal["PUT"]
    url: str
    headers: dict[str, str]


class UploadTicketAnswer(BaseModel):
    """A direct upload that waits for its bytes."""

    id: str
    upload: UploadLinkAnswer
    expires_at: datetime


class UploadProgressAnswer(BaseModel):
    """A direct upload that is completed after the request; ask again in a moment."""

    id: str
    status: Literal["processing"]


class StoredItemAnswer(BaseModel):
    """A stored image, by the index of its item in the batch."""

    index: int
    image: ImageAnswer
    existed: bool = Field(description="Whether `on_duplicate` returned an image that you had already.")


class FailedItemAnswer(BaseModel):
    """An item that was not stored, by its index in the batch."""

    index: int
    error: ItemProblemAnswer


class BatchResultAnswer(BaseModel):
    """The result of each item of a batch."""

    successful: list[StoredItemAnswer]
    failed: list[FailedItemAnswer]


class FailedDeletionAnswer(BaseModel):
    """An image that was not deleted."""

    id: str
    error: ItemProblemAnswer


class FailedChangeAnswer(BaseModel):
    """An image that was not changed."""

    id: str
    error: ItemProblemAnswer


class BatchChangeResultAnswer(BaseModel):
    """The result for each image."""

    successful: list[str] = Field(description="The ids of images that are now as you want them.")
    failed: list[FailedChangeAnswer]


class BatchDeleteResultAnswer(BaseModel):
    """The result for each image; with `next_cursor` the group has more images."""

    successful: list[str]
    failed: list[FailedDeletionAnswer]
    next_cursor: str | None
