"""Errors as they are answered (RFC 9457)."""

from pydantic import BaseModel


class ProblemError(BaseModel):
    """One fault of a request."""

    loc: list[str | int]
    type: str
    msg: str


class ItemProblem(BaseModel):
    """Why one item of a batch failed, as a problem document says it (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemError] | None = None
    errors_not_listed: int | None = None
    existing_id: str | None = None


class Problem(ItemProblem):
    """An error (RFC 9457)."""

    request_id: str
