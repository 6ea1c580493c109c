"""Recognizes the media types that the store accepts, by the first bytes of a file, and names what it refuses."""

from __future__ import annotations

import re

HEAD_BYTES = 512
"""How many bytes of a file its media type is read from."""
MOST_IMAGE_BYTES = 100 * 1024 * 1024
"""Of an image in any store. A deployment may take less, and says so before the bytes are sent."""
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
}
REFUSED = [
    (re.compile(signature, re.DOTALL), kind)
    for signature, kind in (
        (rb".{4}ftyp(?:he|mif1|msf1)", "a HEIC photo"),
        (rb".{4}ftyp", "a video"),
        (rb"%PDF", "a PDF"),
        (rb"II\*\0|MM\0\*", "a TIFF picture"),
        (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture"),
        (rb"8BPS", "a Photoshop file"),
        (rb"BM", "a BMP picture"),
        (rb".{0,3}\s*(?:<[?!].*)?(?i:<svg)", "an SVG drawing"),
        (rb"[\t\n\r -~]+\Z", "a text"),
    )
]


def media_type(head: bytes) -> str | None:
    """Return the media type of a file with these first bytes; None if the store does not accept it."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and _brands(head) & {b"avif", b"avis"}:
        return "image/avif"
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands in the first box of a file (ISO/IEC 14496-12): the major one, a version, the compatible ones."""
    size = min(int.from_bytes(head[:4], "big"), HEAD_BYTES)
    return {head[start : start + 4] for start in (8, *range(16, size - 3, 4))}


def refusal_of(head: bytes, name: str) -> str:
    """Say why the store does not take the file `name`, which begins with these bytes."""
    if not head:
        return f"{name} is empty."
    kind = next((kind for signature, kind in REFUSED if signature.match(head)), "no picture")
    return f"{name} is {kind}. The store takes JPEG, PNG, GIF, WebP and AVIF: convert it first."
