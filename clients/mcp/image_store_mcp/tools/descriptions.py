"""Images as a model reads them: facts and texts without addresses that nobody needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.tools.answers import encoded_bytes, shorten, structured_result, without_nothing
from image_store_mcp.tools.schemas import TEXT, Schema
from image_store_mcp.tools.tool import ResourceLink, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

URI_PREFIX = "image-store://images/"
THUMBNAIL_TYPE = "image/jpeg"
MAX_NAME_CHARS = 100
MAX_METADATA_BYTES = 8_000
FACTS = ("id", "kind", "visibility", "content_type", "size_bytes", "width", "height", "created_at")
TEXT_FIELDS = ("title", "alt_text", "filename", "model", "provider")
CARD_FIELDS = "title,tags,model"
"""The fields beyond those of every card that lists request."""

IMAGE: Mapping[str, Schema] = {"id": TEXT, "link": TEXT}
"""The schema of an image; the other fields explain themselves."""


def card_of(card: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """An image in a list."""
    facts = {name: card.get(name) for name in FACTS}
    texts = {name: shorten(card.get(name), limit) for name in TEXT_FIELDS}
    return without_nothing(facts | texts | {"tags": _tags_of(card, limit)})


def image_of(image: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """An image with all that a model can use; `link` shows it to everyone, for 30 to 60 minutes."""
    facts = {name: image.get(name) for name in ("status", "rating", "updated_at", "expires_at", "public_url")}
    display = image.get("renditions", {}).get("display", {})
    about = {
        "category": shorten(image.get("category"), limit),
        "groups": _groups_of(image, limit),
        "generation": _generation_of(image, limit),
        "metadata": _metadata_of(image, limit),
        "link": display.get("url"),
        "existed": image.get("existed") or None,
        "warnings": [shorten(each, limit) for each in image.get("warnings", [])] or None,
    }
    return card_of(image, limit) | without_nothing(facts | about)


def image_result(image: Mapping[str, Any]) -> ToolResult:
    """The answer about one image, with the link to it."""
    return structured_result(lambda limit: image_of(image, limit), (link_to(image),))


def link_to(image: Mapping[str, Any]) -> ResourceLink:
    """The link by which a client reads the thumbnail of an image, or of one whose id alone is known."""
    name = str(image.get("title") or image.get("filename") or image["id"])
    return ResourceLink(uri_of(str(image["id"])), name[:MAX_NAME_CHARS], THUMBNAIL_TYPE)


def uri_of(image_id: str) -> str:
    """The address of an image as a resource."""
    return f"{URI_PREFIX}{image_id}"


def _tags_of(image: Mapping[str, Any], limit: int) -> list[str] | None:
    return [shorten(each, limit) or "" for each in image.get("tags") or ()] if limit else None


def _groups_of(image: Mapping[str, Any], limit: int) -> dict[str, list[str]] | None:
    return image.get("groups") or None if limit else None


def _generation_of(image: Mapping[str, Any], limit: int) -> dict[str, Any] | None:
    generation: Mapping[str, Any] = image.get("generation") or {}
    texts = {
        name: shorten(generation.get(name), limit)
        for name in ("prompt", "negative_prompt", "model", "provider")
    }
    numbers = {name: generation.get(name) for name in ("seed", "size", "quality", "cost_usd")}
    return without_nothing(texts | numbers) or None


def _metadata_of(image: Mapping[str, Any], limit: int) -> Any:
    metadata = image.get("metadata")
    if not metadata or not limit:
        return None
    is_small = encoded_bytes(ToolResult("", metadata)) <= MAX_METADATA_BYTES
    return metadata if is_small else "too large to show"
