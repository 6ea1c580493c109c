"""Writes the attributes of an upload as query parameters, where they fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

IN_QUERY = frozenset(
    {
        "kind", "visibility", "filename", "title", "alt_text", "category", "tags", "rating", "groups",
        "cache_control", "expires_at", "created_at", "on_duplicate",
    }
)  # fmt: skip
"""The attributes that `POST /v1/images` takes as parameters; a test compares them with the API document."""
MOST_QUERY_BYTES = 4_000
"""The gateway takes 10 KB of headers and address together."""


def query_of(attributes: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Attributes as query parameters; None if they need a form."""
    if not attributes.keys() <= IN_QUERY:
        return None
    pairs: list[tuple[str, str]] = []
    for name, value in attributes.items():
        if name == "tags":
            pairs += [("tag", str(tag)) for tag in value]
        elif name == "groups":
            pairs += [("group", f"{kind}:{member}") for kind, members in value.items() for member in members]
        else:
            pairs.append((name, str(value)))
    return pairs if len(urlencode(pairs)) <= MOST_QUERY_BYTES else None
