"""Turns what a caller uploads into bytes that can be read again from the start."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote_to_bytes

from image_store_client.errors import ImageStoreError, source_changed
from image_store_client.http.runtime import CHUNK_BYTES
from image_store_client.media import HEAD_BYTES, MOST_IMAGE_BYTES, media_type, refusal_of

if TYPE_CHECKING:
    from image_store_client.schemas import Source

IN_MEMORY_BYTES = 4_000_000
"""A stream that cannot be read twice is kept in a temporary file above this size."""
_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
_DATA_SCHEME = re.compile(r"\s*data:", re.IGNORECASE)
_DATA_URI = re.compile(r"\s*data:([^,]*),(.*)", re.DOTALL | re.IGNORECASE)
_IN_BASE64 = re.compile(r";\s*base64\s*\Z", re.IGNORECASE)
_WHITE_SPACE = b"\t\n\f\r "


@dataclass(frozen=True, slots=True)
class UploadSource:
    """The bytes of one image, which `open` reads from the start each time."""

    size_bytes: int
    content_type: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    filename: str | None = None
    sha256: str | None = None
    """The checksum, if it is known already."""

    def read(self) -> bytes:
        """All bytes."""
        with self.open() as file:
            data = file.read()
        if len(data) != self.size_bytes or (self.sha256 and hashlib.sha256(data).hexdigest() != self.sha256):
            raise source_changed()
        return data

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces; an error if the size has changed."""
        left = self.size_bytes
        with self.open() as file:
            while chunk := file.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        if left != 0:
            raise source_changed()


UploadInput: TypeAlias = (
    "os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | str | Source | UploadSource"
)
"""What can be uploaded: a `Path`, bytes, a binary file, an address (`https://…`, which the store fetches), a data URI,
or the `source` of the API: `{"base64": …}`, `{"data_uri": …}` or `{"url": …}`. A text is never a path: it may come from
a user, who must not choose among the files of a server."""


def unreadable(failed: OSError) -> ImageStoreError:
    """The error about a file that cannot be read; the OSError is its cause."""
    name = Path(failed.filename).name if isinstance(failed.filename, str) else "The file"
    error = ImageStoreError(f"{name} cannot be read: {failed.strerror or failed}.", code="unsupported_source")
    error.__cause__ = failed
    return error


def address_of(source: Any) -> str | None:
    """The address that the store is to fetch; None for anything else."""
    if isinstance(source, Mapping):
        return source.get("url")
    return source.strip() if isinstance(source, str) and _ADDRESS.match(source) else None


def source_of(source: Any, closing: ExitStack, filename: str | None = None) -> UploadSource:
    """Look at the first bytes, so that a file of a wrong type fails before anything is sent.

    A temporary copy of a stream ends with `closing`. `filename` names a source that has no name of its own.
    """
    if isinstance(source, UploadSource):
        return source
    if isinstance(source, Mapping):
        return _of_bytes(_decoded(source), filename)
    if isinstance(source, str):
        if not _DATA_SCHEME.match(source):
            raise ImageStoreError(
                "A text is an address (`https://…`) or a data URI. A file is a Path: `Path(name)`.",
                code="unsupported_source",
            )
        return _of_bytes(_data_of(source), filename)
    if isinstance(source, os.PathLike):
        return _of_path(Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return _of_bytes(bytes(source), filename)
    if callable(getattr(source, "read", None)):
        return _of_file(source, closing, filename)
    raise ImageStoreError(
        f"A {type(source).__name__} cannot be uploaded: use a Path, bytes, a binary file, an address or a data URI.",
        code="unsupported_source",
    )


def _of_path(path: Path) -> UploadSource:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        size = os.fstat(file.fileno()).st_size
    _check_size(size, str(path))
    return UploadSource(size, _type_of(head, str(path)), lambda: path.open("rb"), path.name)


def _of_bytes(data: bytes, filename: str | None) -> UploadSource:
    _check_size(len(data), filename or "The data")
    content_type = _type_of(data[:HEAD_BYTES], filename or "The data")
    return UploadSource(len(data), content_type, lambda: BytesIO(data), filename)


def _of_file(file: IO[bytes], closing: ExitStack, filename: str | None) -> UploadSource:
    name = getattr(file, "name", None)
    if filename is None and isinstance(name, str):
        filename = Path(name).name
    if not _is_seekable(file):
        file = _copy_of(file, closing)
    start = file.tell()
    head = file.read(HEAD_BYTES)
    if not isinstance(head, bytes):
        raise ImageStoreError("The file is open as text: open it in binary mode.", code="unsupported_source")
    size = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    _check_size(size, filename or "The file")

    def open_again() -> AbstractContextManager[IO[bytes]]:
        file.seek(start)
        return nullcontext(file)  # it is the caller's to close

    return UploadSource(size, _type_of(head, filename or "The file"), open_again, filename)


def _is_seekable(file: IO[bytes]) -> bool:
    is_seekable = getattr(file, "seekable", None)
    return bool(is_seekable and is_seekable())


def _copy_of(file: IO[bytes], closing: ExitStack) -> IO[bytes]:
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - it ends with the upload
    closing.enter_context(copy)
    while chunk := file.read(CHUNK_BYTES):
        copy.write(chunk)
        _check_size(copy.tell(), "The stream")
    copy.seek(0)
    return copy


def _check_size(size: int, name: str) -> None:
    if size > MOST_IMAGE_BYTES:
        raise ImageStoreError(
            f"{name} is too large: an image has at most {MOST_IMAGE_BYTES // 1024**2} MiB.",
            code="payload_too_large",
        )


def _type_of(head: bytes, name: str) -> str:
    kind = media_type(head)
    if kind is None and not head:
        raise ImageStoreError(refusal_of(head, name), code="invalid_request")
    if kind is None:
        raise ImageStoreError(refusal_of(head, name), code="unsupported_media_type")
    return kind


def _decoded(source: Mapping[str, Any]) -> bytes:
    if set(source) == {"data_uri"}:
        return _data_of(source["data_uri"])
    if set(source) == {"base64"}:
        return _from_base64(source["base64"])
    raise ImageStoreError(
        "A source has exactly one of `base64`, `data_uri` and `url`.", code="unsupported_source"
    )


def _data_of(uri: object) -> bytes:
    match = _DATA_URI.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        raise ImageStoreError("A data URI begins like `data:image/png;base64,`.", code="invalid_request")
    data = unquote_to_bytes(match[2])
    return _from_base64(data) if _IN_BASE64.search(match[1]) else data


def _from_base64(text: Any) -> bytes:
    """Decode as browsers do: white space and missing `=` at the end do not count."""
    try:
        digits = bytes(text, "ascii") if isinstance(text, str) else bytes(memoryview(text))
        digits = digits.translate(None, _WHITE_SPACE)
        return base64.b64decode(digits.ljust(-(-len(digits) // 4) * 4, b"="), validate=True)
    except (ValueError, TypeError):
        raise ImageStoreError("The base64 text is broken.", code="invalid_request") from None
