"""Names files that are downloaded, and writes them; a file appears only when it is complete."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from image_store_cli.display.texts import plain
from image_store_cli.errors import UsageError
from image_store_client import downloads
from image_store_client.media import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_ENDING = re.compile(r"(?<=.)\.[0-9A-Za-z]{1,5}$")
LONGEST_NAME_BYTES = 200


def extension_of(link: str) -> str | None:
    """The extension of the file behind a link, from its key; None if unknown."""
    suffix = PurePosixPath(urlsplit(link).path).suffix.removeprefix(".")
    return suffix if suffix in EXTENSIONS.values() else None


@contextmanager
def whole_file(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Write a file that replaces an existing one only when the block succeeds."""
    try:
        with downloads.whole_file(path, overwrite=overwrite) as file:
            yield file
    except FileExistsError as exists:
        raise UsageError(f"{exists} Use --force to replace it, or --output for another name.") from exists
    except OSError as failed:
        raise UsageError(f"{path} cannot be written: {failed.strerror}.") from failed


def safe_name(filename: str, extension: str) -> str:
    """Make a safe file name from an untrusted one; it has no path."""
    # Lists of files are shown in terminals too.
    name = _NOT_IN_A_NAME.sub("_", plain(filename).replace("\ufffd", "_")).strip(". ")
    ending = _ENDING.search(name)
    suffix = ending.group() if ending else ""
    own = suffix.lower().removeprefix(".")
    is_right = {"jpeg": "jpg"}.get(own, own) == extension
    stem = name.removesuffix(suffix).encode()[:LONGEST_NAME_BYTES].decode(errors="ignore") or "image"
    return f"{stem}{suffix if is_right else f'.{extension}'}"
