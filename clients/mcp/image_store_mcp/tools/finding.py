"""The tools that find images: by words, by filters, and by their look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import structured_result
from image_store_mcp.tools.descriptions import CARD_FIELDS, card_of
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore, Page

DEFAULT_ITEMS = 10
MAX_ITEMS = 25

_LIMIT = schemas.whole(1, MAX_ITEMS)
_FILTERS = {
    "kind": schemas.KIND,
    "visibility": schemas.VISIBILITY,
    "tag": schemas.TEXT,
    "group": schemas.GROUP,
    "since": schemas.DAY,
    "until": schemas.TEXT,
    "limit": _LIMIT,
    "cursor": schemas.TEXT,
}
_PAGE = schemas.answer(images=schemas.OBJECTS, next_cursor=schemas.TEXT)
_READS = Annotations(read_only=True)


def search(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Find images by words."""
    filters, limit, cursor = _filters_of(arguments)
    query = filters.pop("query")
    pages = store.images.search(query, page_size=limit, fields=CARD_FIELDS, **cast("Any", filters))
    return _page_result(pages.page(cursor))


def list_images(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """List images by date."""
    filters, limit, cursor = _filters_of(arguments)
    pages = store.images.list(page_size=limit, fields=CARD_FIELDS, **cast("Any", filters))
    return _page_result(pages.page(cursor))


def similar(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Find images that look like one."""
    items = store.images.similar(arguments["id"], limit=arguments.get("limit", DEFAULT_ITEMS))
    return structured_result(
        lambda limit: {
            "images": [card_of(each["card"], limit) | {"distance": each["distance"]} for each in items]
        }
    )


def _filters_of(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], int, str | None]:
    """The filters, the size of the page, and its cursor."""
    filters = dict(arguments)
    return filters, filters.pop("limit", DEFAULT_ITEMS), filters.pop("cursor", None)


def _page_result(page: Page[Any]) -> ToolResult:
    more: dict[str, Any] = {}
    if page.next_cursor is not None:  # a page may be empty and not the last one
        more = {"next_cursor": page.next_cursor}
    not_searched = page.body.get("not_searched")
    if not_searched:
        more["not_searched"] = not_searched
    return structured_result(lambda limit: {"images": [card_of(each, limit) for each in page.items]} | more)


FINDING_TOOLS = (
    Tool(
        name="search_images",
        title="Search images",
        description="Find images by words, or beginnings of words, in title, tags, alt text, file name or prompt.",
        annotations=_READS,
        input_schema=schemas.arguments(("query",), query=schemas.TEXT, **_FILTERS),
        output_schema=_PAGE,
        run=search,
    ),
    Tool(
        name="list_images",
        title="List images",
        description="List images, newest first, or those in the trash.",
        annotations=_READS,
        input_schema=schemas.arguments(
            **_FILTERS,
            order={"type": "string", "enum": ["desc", "asc"]},
            trashed=schemas.FLAG,
        ),
        output_schema=_PAGE,
        run=list_images,
    ),
    Tool(
        name="find_similar_images",
        title="Similar images",
        description="Find images that look like one of them; distance 0 is the same picture.",
        annotations=_READS,
        input_schema=schemas.arguments(("id",), id=schemas.TEXT, limit=_LIMIT),
        output_schema=schemas.answer(images=schemas.OBJECTS),
        run=similar,
    ),
)
