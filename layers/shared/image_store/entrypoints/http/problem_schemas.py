"""The schemas of error responses (RFC 9457)."""

from typing import Annotated

from pydantic import BaseModel, WithJsonSchema

from image_store.entrypoints.http.problems import STATUSES

type ErrorCode = Annotated[
    str, WithJsonSchema({"type": "string", "enum": sorted({error.code for error in STATUSES})})
]


class ProblemErrorAnswer(BaseModel):
    """One fault of a request."""

    loc: list[str | int]
    type: str
    msg: str


class ItemProblemAnswer(BaseModel):
    """Why one item of a batch failed, as a problem document says it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: ErrorCode
    errors: list[ProblemErrorAnswer] | None = None
    errors_not_listed: int | None = None
    existing_id: str | None = None


class ProblemAnswer(ItemProblemAnswer):
    """An error (RFC 9457)."""

    request_id: str


class GatewayMessageAnswer(BaseModel):
    """An error of the gateway, which refused the request itself."""

    message: str
