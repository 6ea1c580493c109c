"""Addresses of shared images, built without a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from image_store_client.schemas import Share

DEFAULT_PRESET = "display"
WIDTHS = (640, 1280, 2048)


@dataclass(frozen=True, slots=True)
class ImageShare:
    """A share that was created, and the addresses of its images. Whoever has such an address sees the image."""

    url_prefix: str
    """What each address begins with."""
    data: Share
    """The share as the API describes it."""

    @property
    def id(self) -> str:
        """The id, by which `shares.revoke` ends it."""
        return self.data["id"]

    @property
    def expires_at(self) -> str:
        """The end of the share, in RFC 3339."""
        return self.data["expires_at"]

    @property
    def life_seconds(self) -> float:
        """How long the share lives from its creation to its end."""
        begin, end = (datetime.fromisoformat(self.data[name]) for name in ("created_at", "expires_at"))
        return (end - begin).total_seconds()

    def src(self, image: str | Mapping[str, Any], preset: str = DEFAULT_PRESET) -> str:
        """The address of an image (or its id) in a preset, such as `thumb`, `w640` or the usual `display`."""
        return src(self.url_prefix, image, preset)

    def srcset(self, image: str | Mapping[str, Any], widths: Iterable[int] = WIDTHS) -> str:
        """The `srcset` of an image, with one address for each width in pixels."""
        return srcset(self.url_prefix, image, widths)


def src(url_prefix: str, image: str | Mapping[str, Any], preset: str = DEFAULT_PRESET) -> str:
    """The address of an image of a share, by the share's `url_prefix`; TypeError if that is None.

    A list of shares has None for an API key without the scope `images:write`.
    """
    if not isinstance(url_prefix, str):
        raise TypeError("The address of this share is hidden: the API key lacks images:write.")
    image_id = image if isinstance(image, str) else str(image["id"])
    return f"{url_prefix}/{quote(image_id, safe='')}/{quote(preset, safe='')}"


def srcset(url_prefix: str, image: str | Mapping[str, Any], widths: Iterable[int] = WIDTHS) -> str:
    """The `srcset` of an image of a share; the store must have a preset `w640` for the width 640."""
    return ", ".join(f"{src(url_prefix, image, f'w{width}')} {width}w" for width in widths)
