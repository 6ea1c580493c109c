"""Where the files of an export are: names that every file system takes, and that no other image has."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from image_store_cli.command_line.ids import safe_id
from image_store_cli.downloads import safe_name
from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

MOST_STEM_BYTES = 80
"""So that name, id and `.json` stay far below the 255 bytes or characters of a name, also where they are encrypted."""
MOST_OWNER_BYTES = 40
ORIGINAL = "original"


def place_of(image: Mapping[str, Any], rendition: str, extension: str, *, with_owner: bool) -> PurePosixPath:
    """The path of an image in the folder: `2026/03/cat-{id}.png`, with a folder for its owner in front on request.

    UsageError for an id or a date that no store has: a path is made of them.
    """
    image_id = safe_id(str(image["id"])).lower()
    date = str(image["created_at"])
    year, month = date[:4], date[5:7]
    if not (
        len(year) == 4 and len(month) == 2 and f"{year}{month}".isascii() and f"{year}{month}".isdecimal()
    ):
        raise UsageError(f"{date!r} is not a date of an image.")
    stem = safe_name(str(image["filename"]), extension).removesuffix(f".{extension}")
    suffix = "" if rendition == ORIGINAL else f"-{rendition}"
    name = f"{_cut(stem, MOST_STEM_BYTES)}-{image_id}{suffix}.{extension}"
    owner = (_folder_of(str(image["owner_id"])),) if with_owner else ()
    return PurePosixPath(*owner, year, month, name)


def check_folders(folder: Path, place: PurePosixPath) -> None:
    """Refuse a place below a link: it could be outside the folder; UsageError."""
    for parent in place.parents:
        if (folder / parent).is_symlink() and parent != PurePosixPath("."):
            raise UsageError(f"{folder / parent} is a link to another folder: nothing is written there.")


def _folder_of(owner: str) -> str:
    """A folder for an owner: readable, and different for each owner on every file system."""
    digest = hashlib.sha256(owner.encode(errors="surrogateescape")).hexdigest()[:12]
    readable = safe_name(owner, "x").removesuffix(".x")
    return f"{_cut(readable, MOST_OWNER_BYTES)}-{digest}"


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore").strip(". ") or "image"
