"""Recognizes the media types that the store accepts, by the first bytes of a file."""

from __future__ import annotations

HEAD_BYTES = 32
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
}
ACCEPTED = "JPEG, PNG, GIF, WebP or AVIF"


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
    brands = {head[start : start + 4] for start in (8, *range(16, HEAD_BYTES, 4))}
    if head[4:8] == b"ftyp" and brands & {b"avif", b"avis"}:
        return "image/avif"
    return None
