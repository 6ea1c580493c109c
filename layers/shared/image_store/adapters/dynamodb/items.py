"""What all items have in common.

Attributes that a condition, an index or a filter needs stand alone; everything else is one JSON text. DynamoDB's
client parses by attribute, so few attributes make lists cheap, and JSON keeps numbers as they were given.
"""

import json
from datetime import UTC, datetime
from typing import Any

Item = dict[str, Any]


def text_time(at: datetime) -> str:
    """An instant as text that sorts as instants do, to the microsecond, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The instant that `text_time` wrote."""
    return datetime.fromisoformat(text)


def as_json(value: Any) -> str:
    """A value of JSON as its shortest text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
