"""Images as resources of the protocol: `resources/read` of a link answers the thumbnail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from image_store_mcp.tools.descriptions import URI_PREFIX
from image_store_mcp.tools.failures import ToolError
from image_store_mcp.tools.previews import preview_of

if TYPE_CHECKING:
    from image_store_client import ImageStore

NO_RESOURCE = "resource_not_found"
URI_TEMPLATE = f"{URI_PREFIX}{{id}}"


@dataclass(frozen=True, slots=True)
class ResourceContent:
    """What a resource holds: a picture, base64-encoded."""

    uri: str
    mime_type: str
    blob: str

    def block(self) -> dict[str, Any]:
        """One of the `contents` of the protocol."""
        return {"uri": self.uri, "mimeType": self.mime_type, "blob": self.blob}


def read_resource(store: ImageStore, uri: str) -> ResourceContent:
    """Return the thumbnail of the image that a uri names.

    Raises
    ------
    ToolError
        the uri names no image, or the picture fits into no answer
    ImageStoreError
        of the store; NotFoundError if there is no such image
    """
    image_id = unquote(uri.removeprefix(URI_PREFIX)) if uri.startswith(URI_PREFIX) else ""
    if not image_id:
        raise ToolError(f"A resource has a uri like {URI_TEMPLATE}.", code=NO_RESOURCE)
    picture = preview_of(store, image_id)
    if picture is None:
        raise ToolError("No file of this image is small enough for an answer.", code=NO_RESOURCE)
    return ResourceContent(uri, picture.mime_type, picture.data)
