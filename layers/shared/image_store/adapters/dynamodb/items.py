"""The common form of items.

Values that a condition, an index or a filter needs are attributes; all others are in one JSON text. The time that
DynamoDB's client takes depends on the number of attributes, and JSON keeps numbers as they are.
"""

import json
from datetime import UTC, datetime
from typing import Any

from image_store.domain.callers.actor import Actor

Item = dict[str, Any]


def signature_of(actor: Actor) -> Item:
    """The actor of a change, as an attribute that only the audit trail reads."""
    return {"by": {"S": f"{actor.name} {actor.request_id}"}}


def text_time(at: datetime) -> str:
    """An instant in UTC, to the microsecond, as text that sorts by time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The instant in a text of `text_time`."""
    return datetime.fromisoformat(text)


def as_json(value: Any) -> str:
    """The shortest JSON text of a value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
