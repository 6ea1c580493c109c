"""Downloads bytes from storage into a file or a stream, and checks them; a file appears only when it is complete."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from image_store_cli.api import unreachable_because
from image_store_cli.errors import Broken, CommandError, RequestRefused, Unavailable, UsageError
from image_store_cli.ids import image_path
from image_store_cli.media import EXTENSIONS
from image_store_cli.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from image_store_cli.api import ApiClient

CHUNK = 256 * 1024
MODE_OF_NEW_FILES = 0o666
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_ENDING = re.compile(r"(?<=.)\.[0-9A-Za-z]{1,5}$")
LONGEST_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class ExpectedBytes:
    """The size and checksum that bytes must have; None if unknown."""

    size: int | None
    sha256: str | None = None


def locate(api: ApiClient, image_id: str, rendition: str | None) -> str:
    """Get a temporary link to the bytes of an image: the original, or a rendition."""
    answer = api.request("GET", f"{image_path(image_id)}/content", params={"rendition": rendition})
    link: str | None = answer.headers.get("location")
    if link is None:
        raise Broken("The store answered without a link to the bytes.")
    return link


def extension_of(link: str) -> str | None:
    """The extension of the file behind a link, from its key; None if unknown."""
    suffix = PurePosixPath(urlsplit(link).path).suffix.removeprefix(".")
    return suffix if suffix in EXTENSIONS.values() else None


def fetch(
    http: httpx.Client,
    link: str,
    target: IO[bytes],
    expected: ExpectedBytes,
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Download a link into `target` without a token, and check the bytes; Broken if they are wrong.

    After an error the target may hold some of the bytes; the caller discards them. A response that ends too early is
    Unavailable.
    """
    digest, received = hashlib.sha256(), 0
    try:
        with http.stream("GET", link, follow_redirects=True) as answer:
            if answer.status_code != 200:
                answer.read()
                raise _storage_error(answer)
            for chunk in answer.iter_raw(CHUNK):
                target.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                advance(len(chunk))
    except httpx.TransportError as failed:
        raise Unavailable(f"Storage does not answer: {unreachable_because(failed)}.") from failed
    if expected.size is not None and received != expected.size:
        raise Broken(f"{received} bytes arrived and {expected.size} were expected.")
    if expected.sha256 is not None and digest.hexdigest() != expected.sha256:
        raise Broken("The checksum of the downloaded bytes is not that of the stored ones.")


def _storage_error(answer: httpx.Response) -> CommandError:
    if answer.status_code >= 500:
        return Unavailable(f"Storage answered {answer.status_code}.")
    return RequestRefused(problem_of(answer))


@contextmanager
def whole_file(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Write a file that replaces an existing one only when the block succeeds."""
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already: use --force to replace it, or --output for another name.")
    try:
        handle, name = tempfile.mkstemp(prefix=".image-store-", suffix=".part", dir=path.parent)
    except OSError as failed:
        raise UsageError(f"{path.parent} cannot be written to: {failed.strerror}.") from failed
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(MODE_OF_NEW_FILES & ~_umask())
        if overwrite:
            part.replace(path)
        else:
            _rename_to_new(part, path)
    except OSError as failed:
        raise UsageError(f"{path} cannot be written: {failed.strerror}.") from failed
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _rename_to_new(part: Path, path: Path) -> None:
    """Rename without replacing a file that appeared meanwhile."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise UsageError(f"{path} was created by another program meanwhile: it was not replaced.") from None
    except OSError:  # a file system without hard links
        part.replace(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def safe_name(filename: str, extension: str) -> str:
    """Make a safe file name from an untrusted one; it has no path."""
    name = _NOT_IN_A_NAME.sub("_", filename).strip(". ")
    ending = _ENDING.search(name)
    suffix = ending.group() if ending else ""
    own = suffix.lower().removeprefix(".")
    is_right = {"jpeg": "jpg"}.get(own, own) == extension
    stem = name.removesuffix(suffix).encode()[:LONGEST_NAME_BYTES].decode(errors="ignore") or "image"
    return f"{stem}{suffix if is_right else f'.{extension}'}"
