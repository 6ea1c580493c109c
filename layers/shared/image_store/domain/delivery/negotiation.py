"""Chooses a format by the Accept header of a client (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Sequence

from image_store.domain.images.media import MediaType

MAX_RANGES = 64
"""Further ranges are ignored; browsers send about eight."""

_BY_SIZE = (MediaType.AVIF, MediaType.WEBP, MediaType.JPEG, MediaType.PNG, MediaType.GIF)
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def preferred_format(accept: str | None, offered: Sequence[MediaType]) -> MediaType:
    """The format of `offered` that a client prefers; `offered` begins with the default format.

    Among formats of equal quality a format that the header names comes before one that only a wildcard matches, and
    among named formats the smallest comes first. Without a header, with wildcards alone, or if nothing matches, it is
    the default.
    """
    ranges = _ranges(accept)

    def rank(media_type: MediaType) -> tuple[float, bool, int]:
        quality, is_named = _quality_of(media_type, ranges)
        order = _BY_SIZE if is_named else offered
        return (-quality, not is_named, order.index(media_type))

    best = min(offered, key=rank)
    return best if _quality_of(best, ranges)[0] > 0 else offered[0]


def accepts(accept: str | None, media_type: MediaType) -> bool:
    """Whether a client accepts a format."""
    return _quality_of(media_type, _ranges(accept))[0] > 0


def _quality_of(media_type: MediaType, ranges: dict[str, float]) -> tuple[float, bool]:
    """The quality of a format by the most specific range that matches it, and whether the header names the format."""
    if media_type.value in ranges:
        return ranges[media_type.value], True
    return ranges.get("image/*", ranges.get("*/*", 0.0)), False


def _ranges(accept: str | None) -> dict[str, float]:
    """Media ranges with their qualities, without malformed ranges; a missing header accepts everything."""
    if accept is None or not accept.strip():
        return {"*/*": 1.0}
    ranges: dict[str, float] = {}
    for part in accept.lower().split(",")[:MAX_RANGES]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        qualities = [parameter[2:].strip() for parameter in parameters if parameter.startswith("q=")]
        if name and all(_QUALITY.fullmatch(quality) for quality in qualities):
            quality = float(qualities[0]) if qualities else 1.0
            ranges[name] = max(ranges.get(name, 0.0), quality)
    return ranges
