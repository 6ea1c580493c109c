"""The folder layouts of the private bucket.

A folder is fixed when an image is reserved and stored in its record, so a deployment may change its layout at
any time. Sweeps read only the last three segments of a key, which no layout touches.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from datetime import datetime

    from image_store.domain.images.attributes import Attributes

MAX_SEGMENT_BYTES = 64


class KeyLayout(StrEnum):
    """The folders of the private bucket, for people who browse it."""

    MONTH = "month"
    SESSION = "session"
    OWNER = "owner"
    MODEL = "model"


def folder(layout: KeyLayout, *, owner: str, attributes: Attributes, at: datetime) -> str:
    """The folder of a new image, ending in `/`.

    Segments are percent-encoded and cut to 64 bytes; a missing session or persona leaves its segment out.
    """
    match layout:
        case KeyLayout.MONTH:
            segments = ["images", attributes.kind.value, f"{at:%Y}", f"{at:%m}"]
        case KeyLayout.SESSION:
            segments = ["images", _first(attributes.groups, "session"), _first(attributes.groups, "persona")]
        case KeyLayout.OWNER:
            segments = [attributes.kind.value, owner]
        case KeyLayout.MODEL:
            model = (attributes.generation or {}).get("model") or "unknown-model"
            segments = ["generations", f"{at:%Y-%m-%d}", str(model)]
    return "".join(f"{_encode(segment)}/" for segment in segments if segment)


def _first(groups: tuple[str, ...], group_type: str) -> str:
    return next((group.partition(":")[2] for group in groups if group.startswith(f"{group_type}:")), "")


def _encode(segment: str) -> str:
    """Percent-encode a segment and cut it to its limit, never inside an escape or a character."""
    encoded = ""
    for character in segment:
        piece = quote(character, safe="")
        if len(encoded) + len(piece) > MAX_SEGMENT_BYTES:
            break
        encoded += piece
    # Some tools read a segment of dots as a relative path.
    return "%2E" * min(len(encoded), MAX_SEGMENT_BYTES // 3) if set(encoded) == {"."} else encoded
