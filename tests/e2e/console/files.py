"""Files as people upload them: pictures of every kind, and what is none."""

from __future__ import annotations

import base64
import io
import struct
from typing import TYPE_CHECKING

from PIL import Image

from tests.e2e.console.landscapes import landscape_jpeg

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload

WIDE = (16_000, 16_000)
"""More pixels than a deployment accepts, and few enough for every header."""

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJp"
    "bG9jAAAAAERAAAEAAQAAAAABegABAAAAAAAAAM4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAAB"
    "AAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEA"
    "AQArQgEBA3AAAAMAkAAAAwAAAwAeoDCBBZbqSSmubhgaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAAMAA0ABoAA"
    "AAAUaXNwZQAAAAAAAABgAAAAQAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAANZtZGF0AAAAyigBrwngxxk2"
    "oj//+9F9//7cx6H+tbOQaRf//x1vDv9SWD//kFMDNCKKxH3SopxOHvao6rQQwI+52qVipgs9qgaHZWFJTfe9W4f56XYwqfZCLzyt5e4Q"
    "iUxzFiXWH8Rt8xp5HGHgPfPKj9f636f5NUqF6Y0dSO1TSMT8Kryzzpujn4p44QAwdrHwd9KfSBhI7oUqsV+mr8ahbU4UA4E4zAQKHut8"
    "l1Hct+8pR2wl8SDob/P2Of6q0Uj84hzu2TOsWD6DBQRYd8Ybd4A="
)
"""96 × 64 pixels, red above blue, in Display P3. Pillow cannot write HEIC; pillow-heif 1.8.1 has written this one."""


def picture(name: str = "hills.jpg", *, number: int = 1) -> FilePayload:
    """A file as somebody picks it."""
    return named(name, "image/jpeg", landscape_jpeg(number, size=(320, 240)))


def named(name: str, media_type: str, content: bytes) -> FilePayload:
    """Any file as somebody picks it."""
    return {"name": name, "mimeType": media_type, "buffer": content}


def too_wide() -> list[FilePayload]:
    """A picture of each kind whose header says that it has 256 megapixels."""
    be, le = struct.pack(">II", *WIDE), struct.pack("<HH", *WIDE)
    jpeg = _encoded("JPEG")
    frame = jpeg.index(b"\xff\xc0") + 5
    lossless = struct.pack("<I", (WIDE[0] - 1) | (WIDE[1] - 1) << 14)
    canvas = b"".join(struct.pack("<I", side - 1)[:3] for side in WIDE)
    avif = _encoded("AVIF")
    return [
        named("wide.png", "image/png", _patched(_encoded("PNG"), 16, be)),
        named("wide.gif", "image/gif", _patched(_encoded("GIF"), 6, le)),
        named("wide.jpg", "image/jpeg", _patched(jpeg, frame, struct.pack(">HH", *WIDE))),
        named("lossy.webp", "image/webp", _patched(_encoded("WEBP"), 26, le)),
        named("lossless.webp", "image/webp", _patched(_encoded("WEBP", lossless=True), 21, lossless)),
        named("extended.webp", "image/webp", _patched(_encoded("WEBP", exif=b"Exif\0\0MM"), 24, canvas)),
        named("wide.avif", "image/avif", _patched(avif, avif.index(b"ispe") + 8, be)),
        named("wide.heic", "", _patched(HEIC, HEIC.index(b"ispe") + 8, be)),
    ]


def not_pictures() -> dict[str, tuple[FilePayload, str]]:
    """Files that the store does not take, each with words that say why."""
    files = {
        "notes.txt": (b"notes", "This is not a JPEG, PNG, GIF, WebP or AVIF picture."),
        "scan.tif": (b"II*\0" + bytes(100), "This is a TIFF or raw camera file."),
        "drawing.svg": (
            b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
            "This is a SVG file.",
        ),
        "clip.mov": (struct.pack(">I", 20) + b"ftypqt  " + bytes(40), "This is a film file."),
        "empty.jpg": (b"", "This file is empty."),
        "broken.heic": (HEIC[:400], "This HEIC picture cannot be converted here."),
    }
    return {name: (named(name, "", content), words) for name, (content, words) in files.items()}


def _encoded(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, kind, **options)
    return file.getvalue()


def _patched(content: bytes, at: int, part: bytes) -> bytes:
    return content[:at] + part + content[at + len(part) :]
