"""The tools for files on the user's machine: they upload from, and download into, the folders of the server."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from image_store_mcp.tools import schemas
from image_store_mcp.tools.answers import structured_result
from image_store_mcp.tools.changing import (
    NEW_ATTRIBUTES,
    SOURCES,
    UPLOAD_DESCRIPTION,
    UPLOADS,
    new_attributes,
    refuse_unless_one,
    upload,
)
from image_store_mcp.tools.descriptions import IMAGE, image_result
from image_store_mcp.tools.failures import FieldProblem, ToolError
from image_store_mcp.tools.tool import Annotations, Tool, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client import ImageStore
    from image_store_mcp.local.files import Folders

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
"""How the name of a saved image ends. The bytes of an image can be a program too, and a name such as `.bashrc` or
`build.js` would have it run."""
_SOURCES = {"path": schemas.TEXT, **SOURCES}


def with_file_tools(tools: tuple[Tool, ...], folders: Folders) -> tuple[Tool, ...]:
    """The tools, with `path` for uploads and with downloads."""
    uploading, downloading = _upload_tool(folders), _download_tool(folders)
    return (*(uploading if tool.name == uploading.name else tool for tool in tools), downloading)


def _upload_tool(folders: Folders) -> Tool:
    def run(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
        refuse_unless_one({name: arguments[name] for name in _SOURCES if name in arguments}, _SOURCES)
        if "path" not in arguments:
            return upload(store, arguments)
        attributes = dict(arguments)
        path = attributes.pop("path")
        attributes.setdefault("filename", Path(path).name)
        with folders.open_file(path) as file:
            return image_result(store.upload(cast("Any", file), **new_attributes(attributes)))

    return Tool(
        name="upload_image",
        title="Upload image",
        description=UPLOAD_DESCRIPTION.format(sources="path (a file here), url or data"),
        annotations=UPLOADS,
        input_schema=schemas.arguments(**_SOURCES, **NEW_ATTRIBUTES, filename=schemas.TEXT),
        output_schema=schemas.answer("id", **IMAGE),
        run=run,
    )


def _download_tool(folders: Folders) -> Tool:
    def run(store: ImageStore, arguments: Mapping[str, Any]) -> ToolResult:
        path, preset = arguments["path"], arguments.get("rendition")
        _require_image_name(path)
        with folders.new_file(path, overwrite=arguments.get("overwrite", False)) as target:
            size = _download(store, arguments["id"], target, preset)
        return structured_result(lambda _: {"id": arguments["id"], "path": path, "size_bytes": size})

    return Tool(
        name="download_image",
        title="Download image",
        description="Save an image, or a rendition such as thumb, as a file here.",
        annotations=Annotations(destructive=True, idempotent=True),
        input_schema=schemas.arguments(
            ("id", "path"),
            id=schemas.TEXT,
            path=schemas.TEXT,
            rendition=schemas.TEXT,
            overwrite=schemas.FLAG,
        ),
        run=run,
    )


def _require_image_name(path: str) -> None:
    if Path(path).suffix.lower() not in IMAGE_ENDINGS:
        problem = f"must end in {', '.join(IMAGE_ENDINGS)}"
        raise ToolError("The file cannot be used.", fields=[FieldProblem("path", problem)])


def _download(store: ImageStore, image_id: str, target: Any, preset: str | None) -> int:
    """Download into a folder of our own, where the client checks the bytes, and from there into the target."""
    with tempfile.TemporaryDirectory(prefix="image-store-") as private:
        file = store.images.download(image_id, Path(private) / "image", preset=preset)
        try:
            with file.open("rb") as source:
                shutil.copyfileobj(source, target)
        except OSError as failed:
            raise ToolError(f"The file cannot be written: {failed.strerror or failed}.") from failed
        return file.stat().st_size
