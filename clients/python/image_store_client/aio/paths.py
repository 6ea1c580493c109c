"""Paths of the API with ids in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from image_store_client.errors import ImageStoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

RENAMED = {"since": "from", "until": "to"}
"""Filters that have another name than the API's parameters, because `from` is a keyword of Python."""


def path_of(collection: str, item_id: str, rest: str = "") -> str:
    """The path of one item; `invalid_request` for what cannot be an id, and would name another path."""
    if not item_id or item_id in {".", ".."}:
        raise ImageStoreError(f"{item_id!r} is not an id.", code="invalid_request")
    return f"{collection}/{quote(item_id, safe='')}{rest}"


def query_of(filters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Filters as parameters of the API."""
    return {RENAMED.get(name, name): value for name, value in filters.items()} | more
