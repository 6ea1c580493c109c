"""Reads forms (`multipart/form-data`) in time that is linear in the body.

A form has a few parts with a few short headers. The parser has these limits, and a body that holds the boundary more
often is refused by a cheap search before parsing.

Browsers write names in quotes, with `%0D`, `%0A` and `%22` for the characters that would end them, and no other escape
(https://html.spec.whatwg.org/#multipart-form-data).
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from image_store.domain.errors import InvalidRequest

MAX_PARTS = 2
"""Of the form of an upload."""
MAX_HEADERS = 8
"""Of a part; RFC 7578 defines three."""
MAX_HEADER_BYTES = 4_096
"""Of one header: 255 characters of a name, each percent-encoded from three or four bytes, with room."""
MAX_CONTENT_TYPE_CHARS = 512
"""Of the request's Content-Type, which names the boundary."""
MAX_BOUNDARY_CHARS = 70
"""RFC 2046, section 5.1.1."""

_QUOTED = r'"(?P<quoted>(?:[^"\\]|\\.)*)"'
_PARAMETER = re.compile(
    rf';[ \t]*(?P<name>[A-Za-z-]+\*?)[ \t]*=[ \t]*(?:{_QUOTED}|"(?P<broken>[^"]*)"|(?P<token>[^;]*))'
)
_ESCAPES = {"%0D": "\r", "%0A": "\n", "%22": '"'}
_ESCAPED = re.compile("%0D|%0A|%22", re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """A part of a form: its headers by lower-case names, and its bytes."""

    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""

    @property
    def content_type(self) -> str | None:
        """The media type that the sender declares."""
        return self.headers.get("content-type")

    @property
    def name(self) -> str | None:
        """The field's name."""
        return self._parameters.get("name")

    @property
    def filename(self) -> str | None:
        """The name of the file as it was sent; `filename*` (RFC 8187) wins over `filename`, in either order."""
        parameters = self._parameters
        return _extended(parameters.get("filename*", "")) or parameters.get("filename")

    @property
    def _parameters(self) -> dict[str, str]:
        kind, _, _ = self.headers.get("content-disposition", "").partition(";")
        if kind.strip().lower() != "form-data":
            return {}
        parameters: dict[str, str] = {}
        for match in _PARAMETER.finditer(self.headers["content-disposition"]):
            parameters.setdefault(match["name"].lower(), _value(match))
        return parameters


def read_form(body: bytes, content_type: str) -> dict[str, Part]:
    """The parts of an upload by their names; InvalidRequest for a form that is broken or has other parts."""
    parts = read_parts(
        body,
        content_type,
        most=MAX_PARTS,
        too_many=f"A form has at most {MAX_PARTS} parts, `file` and `attributes`.",
    )
    by_name = {part.name: part for part in parts if part.name is not None}
    if len(by_name) != len(parts):
        raise InvalidRequest("The form has a part without a name, or two parts with the same name.")
    return by_name


def read_parts(body: bytes, content_type: str, *, most: int, too_many: str) -> list[Part]:
    """The parts of a form in their order; InvalidRequest for a form that is broken or has too many parts.

    `too_many` is the message for more than `most` parts.
    """
    boundary = _boundary(content_type)
    # In a valid form only boundaries begin a line like this. More of them mean more parts, or a body made to be slow.
    if body.count(b"\r\n--" + boundary) > most + 1:
        raise InvalidRequest(too_many)
    return _Reader(boundary, most, too_many).read(body)


class _Reader:
    """Collects the parts that the parser reports."""

    def __init__(self, boundary: bytes, most: int, too_many: str) -> None:
        self._most = most
        self._too_many = too_many
        self._parts: list[Part] = []
        self._chunks: list[bytes] = []
        self._name = self._value = b""
        self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._end_part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def read(self, body: bytes) -> list[Part]:
        try:
            self._parser.write(body)
        except FormParserError:
            raise InvalidRequest(
                "The multipart form is broken, or it has too many headers or too long ones."
            ) from None
        if not self._is_whole:
            raise InvalidRequest("The multipart form is broken: its last boundary is missing.")
        return self._parts

    def _begin(self) -> None:
        if len(self._parts) == self._most:
            raise InvalidRequest(self._too_many)
        self._parts.append(Part())

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._chunks.append(data[start:end])

    def _end_part(self) -> None:
        self._parts[-1].data = b"".join(self._chunks)
        self._chunks.clear()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name = self._name.decode("ascii").lower()
        if name in self._parts[-1].headers:
            raise InvalidRequest("A part of the form has the same header twice.")
        self._parts[-1].headers[name] = self._value.decode("utf-8", "replace").strip()
        self._name = self._value = b""

    def _end(self) -> None:
        self._is_whole = True


def _boundary(content_type: str) -> bytes:
    if len(content_type) > MAX_CONTENT_TYPE_CHARS or not content_type.isascii():
        raise InvalidRequest("The Content-Type of the form is too long, or not ASCII.")
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_CHARS or b"\r" in boundary or b"\n" in boundary:
        raise InvalidRequest(f"The Content-Type names no boundary of 1 to {MAX_BOUNDARY_CHARS} characters.")
    return boundary


def _value(match: re.Match[str]) -> str:
    if match["token"] is not None:
        return match["token"].strip()
    if match["broken"] is not None:
        return _unescaped(match["broken"])
    text = match["quoted"]
    # Older clients escape quotes, and then backslashes too, with a backslash; current clients escape neither.
    if '\\"' in text:
        return re.sub(r"\\(.)", r"\1", text)
    return _unescaped(text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0].upper()], text)


def _extended(value: str) -> str | None:
    """The text of an extended value (RFC 8187); None if it cannot be read."""
    charset, _, rest = value.partition("'")
    _, quote, text = rest.partition("'")
    if not quote or charset.lower() not in {"utf-8", "iso-8859-1"}:
        return None
    try:
        return unquote(text, encoding=charset, errors="strict") or None
    except UnicodeDecodeError:
        return None
