"""Attributes of new images as JSON, in rows that are written before the image."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import Kind, Visibility

_TIMES = ("created_at", "expires_at")


def attributes_body(attributes: Attributes) -> dict[str, Any]:
    """Attributes as a value for JSON."""
    return asdict(attributes) | {name: _text(getattr(attributes, name)) for name in _TIMES}


def attributes_of(body: Mapping[str, Any]) -> Attributes:
    """Attributes from their JSON; one that is newer than the row has its default."""
    return Attributes(
        **{
            **body,
            "tags": tuple(body["tags"]),
            "groups": tuple(body["groups"]),
            "kind": Kind(body["kind"]),
            "visibility": Visibility(body["visibility"]),
            "on_duplicate": OnDuplicate(body["on_duplicate"]),
            **{name: _time(body.get(name)) for name in _TIMES},
        }
    )


def _text(at: datetime | None) -> str | None:
    return text_time(at) if at is not None else None


def _time(text: str | None) -> datetime | None:
    return parse_time(text) if text is not None else None
