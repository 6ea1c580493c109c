"""The tools that store, change, share and delete images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import structured_result
from image_store_mcp.tools.descriptions import IMAGE, image_result
from image_store_mcp.tools.failures import FieldProblem, ToolError
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore

MAX_DATA_CHARS = 100_000
"""Of base64; models cannot write more than that, and a larger image has an address or a path."""
DEFAULT_SHARE_SECONDS = 3_600
NEW_ATTRIBUTES: Mapping[str, schemas.Schema] = {
    "title": schemas.TEXT,
    "alt_text": schemas.TEXT,
    "tags": schemas.TEXTS,
    "visibility": schemas.VISIBILITY,
}
SOURCES: Mapping[str, schemas.Schema] = {
    "url": schemas.TEXT,
    "data": {"type": "string", "maxLength": MAX_DATA_CHARS, "description": "base64"},
}


def upload(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Store an image from an address or from data in the call."""
    attributes = dict(arguments)
    given = {name: attributes.pop(name) for name in SOURCES if name in attributes}
    refuse_unless_one(given, SOURCES)
    source = {"url": given["url"]} if "url" in given else {"base64": given["data"]}
    image = store.upload(cast("Any", source), **new_attributes(attributes))
    return image_result(image)


def refuse_unless_one(given: Mapping[str, Any], names: Mapping[str, Any]) -> None:
    """ToolError unless a call names exactly one source."""
    if len(given) != 1:
        problem = f"give exactly one of {', '.join(names)}"
        raise ToolError("An upload has one source.", fields=[FieldProblem(name, problem) for name in names])


def new_attributes(arguments: Mapping[str, Any]) -> Any:
    """The attributes of an upload; a call that a client repeats does not store the bytes twice."""
    return {**arguments, "on_duplicate": "return_existing"}


def update(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Change attributes of an image."""
    changes = dict(arguments)
    image_id = changes.pop("id")
    if not changes:
        raise ToolError("There is nothing to change: give at least one attribute beside id.")
    return image_result(store.images.update(image_id, cast("Any", changes)))


def share(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Share an image by a link, which a share can end."""
    image_id = arguments["id"]
    created = store.share(image=image_id, expires_in=arguments.get("expires_in", DEFAULT_SHARE_SECONDS))
    data = {
        "share_id": created.id,
        "link": created.src(image_id, "display"),
        "thumbnail_link": created.src(image_id, "thumb"),
        "expires_at": created.expires_at,
    }
    return structured_result(lambda _: data)


def delete(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Move an image to the trash."""
    store.images.delete(arguments["id"])
    return structured_result(lambda _: {"id": arguments["id"], "status": "trashed"})


def restore(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
    """Take an image back out of the trash; one that is not there stays as it is."""
    return image_result(store.images.restore(arguments["id"]))


UPLOAD_DESCRIPTION = (
    "Store an image (JPEG, PNG, GIF, WebP, AVIF) from {sources}. For bytes that are stored already the answer is the "
    "earlier image, with existed."
)
UPLOADS = Annotations(open_world=True)


CHANGING_TOOLS = (
    Tool(
        name="upload_image",
        title="Upload image",
        description=UPLOAD_DESCRIPTION.format(sources="url or data"),
        annotations=UPLOADS,
        input_schema=schemas.arguments(**SOURCES, **NEW_ATTRIBUTES, filename=schemas.TEXT),
        output_schema=schemas.answer("id", **IMAGE),
        run=upload,
    ),
    Tool(
        name="update_image",
        title="Update image",
        description="Change an image. Null removes a value; tags replace all earlier ones. Unlisted: whoever has the "
        "address sees it; public: everyone, also in the feed.",
        annotations=Annotations(destructive=True, idempotent=True),
        input_schema=schemas.arguments(
            ("id",),
            id=schemas.TEXT,
            title=schemas.nullable(schemas.TEXT),
            alt_text=schemas.nullable(schemas.TEXT),
            tags=schemas.TEXTS,
            category=schemas.nullable(schemas.TEXT),
            rating=schemas.nullable(schemas.with_description(schemas.WHOLE, "1 to 5")),
            visibility=schemas.VISIBILITY,
        ),
        output_schema=schemas.answer("id", **IMAGE),
        run=update,
    ),
    Tool(
        name="share_image",
        title="Share image",
        description="Make a link that shows an image to whoever has it, for expires_in seconds (3600).",
        annotations=Annotations(open_world=True),
        input_schema=schemas.arguments(
            ("id",),
            id=schemas.TEXT,
            expires_in=schemas.WHOLE,
        ),
        output_schema=schemas.answer("link", link=schemas.TEXT, expires_at=schemas.TEXT),
        run=share,
    ),
    Tool(
        name="delete_image",
        title="Delete image",
        description="Move an image to the trash, where it stays for some days.",
        annotations=Annotations(destructive=True, idempotent=True),
        input_schema=schemas.arguments(("id",), id=schemas.TEXT),
        run=delete,
    ),
    Tool(
        name="restore_image",
        title="Restore image",
        description="Take an image back out of the trash.",
        annotations=Annotations(idempotent=True),
        input_schema=schemas.arguments(("id",), id=schemas.TEXT),
        run=restore,
    ),
)
