"""The common form of the rows of repairs and migrations, which continue step by step.

The number of the step is an attribute, for conditions; all other values of a job are in one JSON text.
"""

from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb.items import parse_time, text_time

_TIMES = ("created_at", "updated_at", "finished_at")

IS_NEW: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
"""The condition for creating a job."""


def is_at(step: int) -> dict[str, Any]:
    """The condition for replacing a job: it is still at this step."""
    return {
        "ConditionExpression": "#step = :step",
        "ExpressionAttributeNames": {"#step": "step"},
        "ExpressionAttributeValues": {":step": {"N": str(step)}},
    }


def time_texts(job: object) -> dict[str, str | None]:
    """The times of a job as texts for JSON."""
    return {name: _text(getattr(job, name)) for name in _TIMES}


def times_of(body: dict[str, Any]) -> dict[str, datetime | None]:
    """The times in the JSON text of a job."""
    return {name: parse_time(body[name]) if body[name] else None for name in _TIMES}


def _text(at: datetime | None) -> str | None:
    return text_time(at) if at is not None else None
