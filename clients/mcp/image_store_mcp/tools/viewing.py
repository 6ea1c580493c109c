"""The tools that show one image: its facts, and the picture itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import compact, shorten
from image_store_mcp.tools.descriptions import IMAGE, image_result
from image_store_mcp.tools.previews import preview_of
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore

MAX_TEXT_CHARS = 150
_READS = Annotations(read_only=True)


def get_image(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Return the facts of an image."""
    return image_result(store.images.get(arguments["id"]))


def view_image(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Return the picture, small, with one line about it.

    It has no structured content: clients that read that leave the picture out.
    """
    image = store.images.get(arguments["id"])
    picture = preview_of(store, image["id"], whole=arguments.get("whole", False))
    about = {
        "id": image["id"],
        "title": shorten(image["title"], MAX_TEXT_CHARS),
        "alt_text": shorten(image["alt_text"], MAX_TEXT_CHARS),
        "width": image["width"],
        "height": image["height"],
    }
    if image["status"] != "ready":
        about["status"] = image["status"]
    if picture is None:
        about["picture"] = "left out: no file of this image is small enough for an answer"
    return ToolResult(compact(about), contents=(picture,) if picture else ())


VIEWING_TOOLS = (
    Tool(
        name="view_image",
        title="View image",
        description="See an image: a thumbnail of its most detailed part (300x300), or with whole all of it (512x512).",
        annotations=_READS,
        input_schema=schemas.arguments(("id",), id=schemas.TEXT, whole=schemas.FLAG),
        run=view_image,
    ),
    Tool(
        name="get_image",
        title="Get image",
        description="Read about an image: texts, tags, sizes, groups, how it was generated, and a link for 30 minutes.",
        annotations=_READS,
        input_schema=schemas.arguments(("id",), id=schemas.TEXT),
        output_schema=schemas.answer("id", **IMAGE),
        run=get_image,
    ),
)
