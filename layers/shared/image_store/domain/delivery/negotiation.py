"""Choosing a format by what a client says that it accepts (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Sequence

from image_store.domain.images.media import MediaType

MAX_RANGES = 64
"""What comes after is not read; browsers send about eight."""

_BY_SIZE = (MediaType.AVIF, MediaType.WEBP, MediaType.JPEG, MediaType.PNG, MediaType.GIF)
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def preferred(accept: str | None, offered: Sequence[MediaType]) -> MediaType:
    """The format a client likes best of those offered, the usual one first.

    Of formats it likes equally well one that it names comes before one that a wildcard stands for, and of several
    that it names the one that takes the fewest bytes. With wildcards alone, without a header, and where nothing
    fits, it is the usual format.
    """
    ranges = _ranges(accept)

    def rank(media_type: MediaType) -> tuple[float, bool, int]:
        quality, is_named = _said_of(media_type, ranges)
        order = _BY_SIZE if is_named else offered
        return (-quality, not is_named, order.index(media_type))

    best = min(offered, key=rank)
    return best if _said_of(best, ranges)[0] > 0 else offered[0]


def accepts(accept: str | None, media_type: MediaType) -> bool:
    """Whether a client can do with a format."""
    return _said_of(media_type, _ranges(accept))[0] > 0


def _said_of(media_type: MediaType, ranges: dict[str, float]) -> tuple[float, bool]:
    """How much a format is liked, by the most specific range that names it, and whether it is named itself."""
    if media_type.value in ranges:
        return ranges[media_type.value], True
    return ranges.get("image/*", ranges.get("*/*", 0.0)), False


def _ranges(accept: str | None) -> dict[str, float]:
    """Media ranges with their qualities; what cannot be read is left out, and no header accepts everything."""
    if accept is None or not accept.strip():
        return {"*/*": 1.0}
    found: dict[str, float] = {}
    for part in accept.lower().split(",")[:MAX_RANGES]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        qualities = [parameter[2:].strip() for parameter in parameters if parameter.startswith("q=")]
        if name and all(_QUALITY.fullmatch(quality) for quality in qualities):
            quality = float(qualities[0]) if qualities else 1.0
            found[name] = max(found.get(name, 0.0), quality)
    return found
