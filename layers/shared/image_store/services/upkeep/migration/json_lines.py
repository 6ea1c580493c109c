"""Reads records from an object of JSON lines, part by part.

A position is a byte offset with the number of its line. It also has the object's ETag, so that a replaced object ends
the migration and two files are never mixed.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace

from image_store.domain.errors import InvalidRequest, SourceUnreadable
from image_store.domain.json_values import UnreadableJson, check_storable, read_json
from image_store.domain.upkeep.migration import (
    MAX_LINE_BYTES,
    CountedRecords,
    FieldNames,
    RecordError,
    SourceRecord,
    SourceStep,
    record_of,
)
from image_store.ports.objects import ObjectMissing, ObjectStore
from image_store.ports.upkeep import MigrationSource

PART_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """A position: the byte offset, the number of lines before it, and the size and ETag of the object."""

    offset: int
    lines: int
    size_bytes: int
    etag: str
    in_long_line: bool = False

    @property
    def text(self) -> str:
        return json.dumps(astuple(self))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its end; the text is None if the line is too long."""

    text: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLinesSource(MigrationSource):
    """MigrationSource on one object."""

    bucket: ObjectStore
    key: str
    fields: FieldNames

    def count(self, after: str | None) -> Iterator[CountedRecords]:
        for place, line in self._lines(after):
            yield CountedRecords(
                place.text, int(line is not None and (line.text is None or _is_record(line.text)))
            )

    def steps(self, after: str | None) -> Iterator[SourceStep]:
        for place, line in self._lines(after):
            yield SourceStep(place.text, self._record(f"line {place.lines}", line))

    def find(self, record_id: str) -> SourceRecord | None:
        raise InvalidRequest(
            "A record of a JSON lines file cannot be found by its id before it is moved: the whole file would have "
            "to be read."
        )

    def write_back(self, position: str, image: bytes | str, image_id: str) -> bool:
        return True

    def _record(self, name: str, line: _Line | None) -> SourceRecord | RecordError | None:
        if line is None:
            return None
        if line.text is None:
            return RecordError.of(
                name, "payload_too_large", f"The line is longer than {MAX_LINE_BYTES // 2**20} MiB."
            )
        if not _is_record(line.text):
            return None
        try:
            value = read_json(line.text.removeprefix(BOM_UTF8))
            check_storable(value)
        except UnreadableJson as error:
            return RecordError.of(name, "invalid_request", f"The line cannot be read. {error}")
        return record_of(value, self.fields, place=name)

    def _lines(self, after: str | None) -> Iterator[tuple[_Place, _Line | None]]:
        """Each line with the place after it; None instead of the line after a part of a line that is too long."""
        place = _Place(*json.loads(after)) if after is not None else self._beginning()
        buffer, at, searched_to = b"", 0, 0
        while place.offset < place.size_bytes:
            line_end = buffer.find(b"\n", searched_to) + 1
            read_to = place.offset + len(buffer) - at
            if not line_end and read_to < place.size_bytes:
                if len(buffer) - at > MAX_LINE_BYTES + 2:
                    place, buffer, at, searched_to = (
                        replace(place, offset=read_to, in_long_line=True),
                        b"",
                        0,
                        0,
                    )
                    yield place, None
                    continue
                buffer, at = buffer[at:] + self._part(place, read_to), 0
                searched_to = read_to - place.offset
                continue
            line_end = line_end or len(buffer)
            text = buffer[at:line_end].rstrip(b"\r\n")
            too_long = place.in_long_line or len(text) > MAX_LINE_BYTES
            place = replace(
                place, offset=place.offset + line_end - at, lines=place.lines + 1, in_long_line=False
            )
            at = searched_to = line_end
            yield place, _Line(None if too_long else text)

    def _beginning(self) -> _Place:
        stored = self.bucket.head(self.key)
        if stored is None or stored.etag is None:
            raise SourceUnreadable("There is no such object in the ingest bucket.")
        return _Place(0, 0, stored.size_bytes, stored.etag)

    def _part(self, place: _Place, start: int) -> bytes:
        length = min(PART_BYTES, place.size_bytes - start)
        try:
            return self.bucket.get_part(self.key, start=start, length=length, etag=place.etag)
        except ObjectMissing as error:
            raise SourceUnreadable("The object was removed or replaced while it was read.") from error


def _is_record(line: bytes) -> bool:
    return bool(line.strip())
