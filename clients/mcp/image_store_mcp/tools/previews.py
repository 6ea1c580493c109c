"""Small pictures of images for models and clients: encoded, they fit into one answer.

The thumbnail comes first: the store has it already. If it is too large when it is encoded, or the whole picture is to
be shown, the store makes smaller files, with less quality at each step. A picture that fits at no step is left out.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from image_store_client.media import media_type
from image_store_mcp.tools.tool import InlinePicture

if TYPE_CHECKING:
    from image_store_client import ImageStore
    from image_store_client.schemas import SignedLinkRequest

MAX_PREVIEW_BYTES = 43_000
"""Of the file; base64 makes a third more of it, and the texts of the answer come on top."""
SHOWN_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
THUMBNAIL = "thumb"
WHOLE_PIXELS = 512
SMALLER: tuple[SignedLinkRequest, ...] = (
    {"w": 256, "h": 256, "format": "jpeg", "q": 50},
    {"w": 128, "h": 128, "format": "jpeg", "q": 40},
)
WHOLE: SignedLinkRequest = {"w": WHOLE_PIXELS, "h": WHOLE_PIXELS, "format": "jpeg", "q": 70}
"""The whole picture; the thumbnail is cropped."""


def preview_of(store: ImageStore, image_id: str, *, whole: bool = False) -> InlinePicture | None:
    """A small JPEG of an image; None if none is small enough."""
    data = (
        store.images.bytes(image_id, transform=WHOLE)
        if whole
        else store.images.bytes(image_id, preset=THUMBNAIL)
    )
    smaller = iter(SMALLER)
    while not _is_shown(data):
        request = next(smaller, None)
        if request is None:
            return None
        data = store.images.bytes(image_id, transform=request)
    return InlinePicture(base64.b64encode(data).decode("ascii"), str(media_type(data)))


def _is_shown(data: bytes) -> bool:
    """Whether every client can show it; while a transform cannot be made, another rendition takes its place."""
    return len(data) <= MAX_PREVIEW_BYTES and media_type(data) in SHOWN_TYPES
