"""The tool that tells how much is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import shorten, structured_result
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore

MOST_MODELS = 20


def stats(store: ImageStore, _: Mapping[str, Any]) -> ToolResult:
    """Return the figures of the owner."""
    figures = store.stats()
    models = sorted(figures["by_model"].items(), key=lambda each: -each[1]["images"])[:MOST_MODELS]
    return structured_result(
        lambda limit: {
            "images": figures["images"],
            "size_bytes": figures["size_bytes"],
            "trash": figures["trash"],
            "by_kind": figures["by_kind"],
            "by_format": figures["by_format"],
            "by_visibility": figures["by_visibility"],
            "by_model": [{"model": shorten(name, limit), **amount} for name, amount in models],
        }
    )


STATISTICS_TOOLS = (
    Tool(
        name="get_stats",
        title="Statistics",
        description="Number and size of the images: all, in the trash, by kind, format and model.",
        annotations=Annotations(read_only=True),
        input_schema=schemas.arguments(),
        run=stats,
    ),
)
