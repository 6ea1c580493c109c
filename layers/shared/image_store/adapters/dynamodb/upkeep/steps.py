"""Rows of work that is done step by step: what repairs and migrations share.

The step stands alone for its condition; everything else of a job is one JSON text.
"""

from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb.items import parse_time, text_time

_TIMES = ("created_at", "updated_at", "finished_at")

IS_NEW: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
"""The condition under which a job is created."""


def is_at(step: int) -> dict[str, Any]:
    """The condition under which a job is replaced: it is still at this step."""
    return {
        "ConditionExpression": "#step = :step",
        "ExpressionAttributeNames": {"#step": "step"},
        "ExpressionAttributeValues": {":step": {"N": str(step)}},
    }


def time_texts(job: object) -> dict[str, str | None]:
    """The times of a job as its JSON text has them."""
    return {name: _text(getattr(job, name)) for name in _TIMES}


def times_of(body: dict[str, Any]) -> dict[str, datetime | None]:
    """The times in the JSON text of a job."""
    return {name: parse_time(body[name]) if body[name] else None for name in _TIMES}


def _text(at: datetime | None) -> str | None:
    return text_time(at) if at is not None else None
