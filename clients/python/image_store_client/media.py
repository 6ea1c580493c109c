"""Recognizes the media types that the store accepts, by the first bytes of a file."""

from __future__ import annotations

HEAD_BYTES = 512
"""How many bytes of a file its media type is read from."""
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
    if head[4:8] == b"ftyp" and _brands(head) & {b"avif", b"avis"}:
        return "image/avif"
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands in the first box of a file (ISO/IEC 14496-12): the major one, a version, the compatible ones."""
    size = min(int.from_bytes(head[:4], "big"), HEAD_BYTES)
    return {head[start : start + 4] for start in (8, *range(16, size - 3, 4))}
