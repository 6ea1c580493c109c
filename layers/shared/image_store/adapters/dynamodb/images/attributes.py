"""Attributes of new images as JSON, in rows that are written before the image."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import Kind, Visibility


def attributes_body(attributes: Attributes) -> dict[str, Any]:
    """Attributes as a value for JSON."""
    expires_at = attributes.expires_at
    return asdict(attributes) | {"expires_at": text_time(expires_at) if expires_at is not None else None}


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
            "expires_at": parse_time(body["expires_at"]) if body["expires_at"] is not None else None,
        }
    )
