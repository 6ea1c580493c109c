"""Lines of a backup: each holds what the table had of one image or one other row, as JSON with sorted names.

Rows have the form of DynamoDB's own JSON, so that numbers and sets come back exactly as they were.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from image_store.domain.errors import BackupDamaged

MAX_FILE_LINES = 5_000
MAX_FILE_BYTES = 8 * 1024 * 1024
"""Of the text before compression; a file with a single longer line is allowed."""
MAX_LINE_BYTES = 2 * 1024 * 1024
"""More than two rows of DynamoDB, which have at most 400 KB each, take as JSON."""

_IMAGE = "image:"
_ROW = "row:"

Rows = Mapping[str, Mapping[str, Any]]
"""Rows of the table by sort key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupObject:
    """The copy of an original; its key in the backup is `objects/` and this key."""

    key: str
    """The key in the private bucket."""
    size_bytes: int
    sha256: str
    md5: str
    """As S3-compatible stores show it in the ETag of an object that was put in one piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupLine:
    """The state of one image or one other row at a time; without rows it had been deleted."""

    entity: str
    at: datetime
    rows: Rows = field(default_factory=dict)
    object: BackupObject | None = None
    """The original; images have it."""

    @property
    def is_deletion(self) -> bool:
        """Whether the image or row had been deleted."""
        return not self.rows

    @property
    def image_id(self) -> str | None:
        """The image that the line is about; None for another row."""
        return self.entity.removeprefix(_IMAGE) if self.entity.startswith(_IMAGE) else None


def image_entity(image_id: str) -> str:
    """The name of an image in lines."""
    return f"{_IMAGE}{image_id}"


def row_entity(pk: str, sk: str) -> str:
    """The name of a row of the table in lines."""
    return f"{_ROW}{pk}|{sk}"


def canonical_json(value: Any) -> str:
    """JSON with sorted names and without spaces: equal values have equal texts."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def text_of(line: BackupLine) -> str:
    """A line as JSON."""
    value: dict[str, Any] = {"entity": line.entity, "at": line.at.isoformat()}
    if line.is_deletion:
        value["deleted"] = True
    else:
        value["rows"] = line.rows
    if line.object is not None:
        value["object"] = asdict(line.object)
    return canonical_json(value)


def line_of(text: str | bytes) -> BackupLine:
    """The line in a JSON text, as UTF-8 if it is bytes; BackupDamaged if it is none."""
    try:
        value = json.loads(text if isinstance(text, str) else text.decode())
        copy = value.get("object")
        line = BackupLine(
            entity=value["entity"],
            at=datetime.fromisoformat(value["at"]),
            rows=value.get("rows", {}),
            object=None if copy is None else BackupObject(**copy),
        )
        is_sound = (
            isinstance(line.rows, dict)
            and line.is_deletion == (value.get("deleted") is True)
            and line.entity.startswith((_IMAGE, _ROW))
            and line.at.tzinfo is not None
        )
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise _damaged() from error
    if not is_sound:
        raise _damaged()
    return line


@dataclass(frozen=True, slots=True)
class PackedLines:
    """A file of lines before it has a key."""

    data: bytes
    """Compressed."""
    lines: int

    @property
    def sha256(self) -> str:
        """The checksum of the file."""
        return hashlib.sha256(self.data).hexdigest()


def pack(lines: Iterable[BackupLine]) -> Iterator[PackedLines]:
    """Divide lines into files of at most `MAX_FILE_LINES` and `MAX_FILE_BYTES`; holds one file at a time."""
    texts: list[bytes] = []
    size = 0
    for line in lines:
        text = text_of(line).encode() + b"\n"
        if texts and (len(texts) >= MAX_FILE_LINES or size + len(text) > MAX_FILE_BYTES):
            yield _packed(texts)
            texts, size = [], 0
        texts.append(text)
        size += len(text)
    if texts:
        yield _packed(texts)


def unpack(data: bytes, *, lines: int | None = None, backwards: bool = False) -> Iterator[BackupLine]:
    """The lines of a file, which has this number of them if one is given; the last one first if `backwards`.

    Holds the text of the file and one line. Raises BackupDamaged at once if it is no such file, and on the way at a
    text that is no line.
    """
    most = MAX_FILE_BYTES + MAX_LINE_BYTES
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(data, most)
    except zlib.error as error:
        raise _damaged() from error
    if not reader.eof or reader.unused_data or not text.endswith(b"\n"):
        raise _damaged()
    if lines is not None and text.count(b"\n") != lines:
        raise _damaged()
    return map(line_of, _backwards(text) if backwards else _forwards(text))


def _forwards(text: bytes) -> Iterator[bytes]:
    begin = 0
    while begin < len(text):
        end = text.index(b"\n", begin)
        yield text[begin:end]
        begin = end + 1


def _backwards(text: bytes) -> Iterator[bytes]:
    end = len(text) - 1
    while end >= 0:
        begin = text.rfind(b"\n", 0, end) + 1
        yield text[begin:end]
        end = begin - 1


def _packed(texts: list[bytes]) -> PackedLines:
    # Without a time in the header, equal lines make equal files.
    return PackedLines(gzip.compress(b"".join(texts), mtime=0), len(texts))


def _damaged() -> BackupDamaged:
    return BackupDamaged("A file of the backup does not have the lines that its manifest names.")
