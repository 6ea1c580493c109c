"""Downloads bytes from storage into a file or memory, and checks them; a file appears only when it is complete."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from image_store_client.errors import ImageStoreError, UnavailableError
from image_store_client.media import MOST_IMAGE_BYTES
from image_store_client.progress import DownloadProgress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from image_store_client.http.transport import Transport
    from image_store_client.progress import OnDownloadProgress

MODE_OF_NEW_FILES = 0o666
_UMASK_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class ExpectedBytes:
    """The size and checksum that bytes must have; None if unknown. More than `most` bytes are never received."""

    size: int | None = None
    sha256: str | None = None
    most: int | None = None


async def fetch(
    transport: Transport,
    link: str,
    target: IO[bytes],
    expected: ExpectedBytes,
    *,
    on_progress: OnDownloadProgress | None = None,
) -> None:
    """Download a link into `target` without a token, and check the bytes; `broken_download` if they are wrong.

    After an error the target may hold some of the bytes; the caller discards them.
    """
    digest, received = hashlib.sha256(), 0
    most = expected.most if expected.size is None else expected.size

    def sink(chunk: bytes) -> None:
        nonlocal received
        received += len(chunk)
        if most is not None and received > most:
            raise ImageStoreError(f"More than {most} bytes arrived.", code="broken_download")
        target.write(chunk)
        digest.update(chunk)

    def report(count: int) -> None:
        if on_progress is not None:
            on_progress(DownloadProgress(count, expected.size))

    await transport.fetch(link, sink, on_bytes=report)
    if expected.size is not None and received != expected.size:
        raise ImageStoreError(
            f"{received} bytes arrived and {expected.size} were expected.", code="broken_download"
        )
    if expected.sha256 is not None and digest.hexdigest() != expected.sha256:
        raise ImageStoreError(
            "The checksum of the downloaded bytes is not that of the stored ones.", code="broken_download"
        )


async def fetch_again(
    transport: Transport,
    locate: Callable[[], Awaitable[str]],
    target: IO[bytes],
    expected: ExpectedBytes,
    *,
    on_progress: OnDownloadProgress | None = None,
) -> None:
    """Download into a seekable target, and again from the start after a lost connection, with a new link each time."""
    retries = 0
    while True:
        link = await locate()
        try:
            await fetch(transport, link, target, expected, on_progress=on_progress)
        except UnavailableError:
            pause = transport.policy.wait(retries, None)
            if pause is None:
                raise
        else:
            return
        await transport.runtime.sleep(pause)
        target.seek(0)
        target.truncate()
        retries += 1


async def fetch_bytes(transport: Transport, locate: Callable[[], Awaitable[str]]) -> bytes:
    """Download into memory."""
    target = BytesIO()
    await fetch_again(transport, locate, target, ExpectedBytes(most=MOST_IMAGE_BYTES))
    return target.getvalue()


@contextmanager
def whole_file(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Write a file that appears, or replaces an existing one, only when the block succeeds.

    FileExistsError if the file exists and is not to be replaced; OSError if it cannot be written.
    """
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already.")
    handle, name = tempfile.mkstemp(prefix=".image-store-", suffix=".part", dir=path.parent)
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
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _rename_to_new(part: Path, path: Path) -> None:
    """Rename without replacing a file that appeared meanwhile."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise FileExistsError(
            f"{path} was created by another program meanwhile: it was not replaced."
        ) from None
    except OSError:  # a file system without hard links
        part.replace(path)


def _umask() -> int:
    """The umask, which can only be read by setting it; one thread at a time, so that none reads the other's.

    A file that another part of the program creates in that moment is private, and never open to others.
    """
    with _UMASK_LOCK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
