"""Finds the pictures in an answer: as the body, as base64 or a data URI in JSON, or behind a link.

Compatible services answer in shapes of their own, and a picture that has arrived was paid for. So the usual place of a
provider is searched first, then all others. Each text is read once: the time is linear in the size of the answer.
"""

import base64
import binascii
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from image_store.adapters.providers.plain_http import Answer
from image_store.domain.images.media import MediaType, sniff

_HEAD_CHARS = 96
"""Enough base64 to recognise the format."""
_BASE64_NAMES = ("b64", "base64", "image", "data", "picture", "artifact", "output")
_LINK_NAMES = ("url", "uri", "link", "href", "image", "output")
_MOST_LINKS = 3
_LONGEST_LINK = 8_000
_RELATIVE_LINK = re.compile(r"[\w.~%-][^\s:\\]{0,999}", re.ASCII)
_UNQUOTED_AT_ONCE = 64 * 1024
"""Characters: each escape takes a hundred bytes of memory while it is read."""
_AS_BASE64 = str.maketrans({"-": "+", "_": "/"} | dict.fromkeys(string.whitespace))
"""Web-safe base64 as usual base64, without white space; to split a text would take a list of all its words."""
_TEXT_IN_JSON = re.compile(
    r'"((?:data:image\\?/[^",]{0,100},)?(?:\\?/9j|_9j|iVBOR|R0lGOD|UklGR|AAAA)[A-Za-z0-9+/=_\-%\\\s]*)"'
)
"""A whole text that begins as base64 of a picture does. Its parts cannot match in two ways."""


_THOUGHT = re.compile(r'"thought"\s*:\s*true')


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of an answer."""

    data: bytes | None
    """The first picture."""
    number: int = 0
    """The number of pictures."""
    links: tuple[str, ...] = ()
    """Links to a picture, if the answer contains none."""
    leaves_traces: bool = False
    """Whether the answer has something in the place of a picture."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in an answer's JSON."""

    place: str
    """The member of the outermost object that it is in."""
    name: str
    """The member that it is, or that lists it."""
    text: str


def pictures_in(answer: Answer, *, place: str) -> Pictures:
    """Find the pictures of an answer; `place` is the member in which they usually are.

    Other places are searched only if the status is a success: an error may repeat the request.
    """
    if answer.is_success and sniff(answer.data) is not None and (not answer.broken or is_whole(answer.data)):
        return Pictures(answer.data, 1)
    texts = [text for text in _texts(answer.json) if answer.is_success or text.place == place]
    texts.sort(key=lambda text: text.place != place)
    pictures = [text for text in texts if _looks_like_picture(text.text)]
    for text in pictures:
        if data := decoded(text.text):
            return Pictures(data, len(pictures))
    if answer.is_success and not answer.is_json and (data := _last_in_text(answer.text)):
        return Pictures(data, 1)
    named = (text for text in texts if _is_link(text) or (text.place == place and _is_relative_link(text)))
    links = tuple(dict.fromkeys(text.text.strip() for text in named))[:_MOST_LINKS]
    if links or not answer.is_success:
        return Pictures(None, links=links, leaves_traces=bool(links or pictures))
    # A text in the usual place was meant to be a picture; the store reports why it is none.
    unknown = [text for text in texts if text.place == place and _holds_base64(text)]
    data = next(filter(None, (decoded(text.text) for text in unknown)), None)
    return Pictures(data, len(unknown), leaves_traces=bool(unknown or pictures))


def decoded(text: str) -> bytes | None:
    """The bytes of base64 in any usual spelling, or of a data URI; None if it is neither, or empty."""
    text = text.strip().strip("\"'")
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if ";base64" not in head.lower():
            return _unquoted(text) or None
    if not text.isascii():
        return None  # a single non-ASCII character makes the whole text take four bytes for each character
    if "%" in text:
        text = _unquoted(text).decode("latin-1")
    if "\\" in text:
        text = text.replace("\\/", "/").replace("\\n", "").replace("\\r", "")
    clean = text.translate(_AS_BASE64).rstrip("=")
    try:
        return base64.b64decode(clean + "=" * (-len(clean) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _unquoted(text: str) -> bytes:
    """The bytes that a percent-encoded text stands for, read piece by piece."""
    data = bytearray()
    at = 0
    while at < len(text):
        end = at + _UNQUOTED_AT_ONCE
        escape = text.find("%", end - 2, end)
        end = escape if escape > at else end  # an escape is three characters, and stays in one piece
        data += unquote_to_bytes(text[at:end])
        at = end
    return bytes(data)


def is_whole(data: bytes) -> bool:
    """Whether a picture ends as its format does."""
    match sniff(data):
        case MediaType.JPEG:
            return data.rstrip(b"\0").endswith(b"\xff\xd9")
        case MediaType.PNG:
            return data.endswith(b"IEND\xaeB`\x82")
        case MediaType.GIF:
            return data.endswith(b"\x3b")
        case MediaType.WEBP:
            return len(data) >= int.from_bytes(data[4:8], "little") + 8
        case _:
            return False


def _texts(value: Any) -> Iterator[_Text]:
    """All texts of a JSON value in their order, but those of a part that a model drew while it was thinking."""
    # One iterator for each level: a list of all that is left would take more memory than the answer itself.
    levels: list[Iterator[tuple[str, str, Any]]] = [iter([("", "", value)])]
    while levels:
        part = next(levels[-1], None)
        if part is None:
            levels.pop()
            continue
        place, name, each = part
        if isinstance(each, str):
            yield _Text(place, name, each)
        elif isinstance(each, list | dict):
            levels.append(_parts_of(each, place, name))


def _parts_of(value: list[Any] | dict[str, Any], place: str, name: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, list):
        yield from ((place, name, part) for part in value)
    elif value.get("thought") is not True:
        yield from ((place or key, key, part) for key, part in value.items())


def _looks_like_picture(text: str) -> bool:
    head = decoded(_head(text))
    return head is not None and sniff(head) is not None


def _head(text: str) -> str:
    """The beginning of a text, cut where base64 can be cut."""
    text = text.lstrip()
    prefix = ""
    if text[:5].lower() == "data:":
        comma = text.find(",", 0, 200) + 1
        prefix, text = text[:comma], text[comma : comma + 4 * _HEAD_CHARS]
        if ";base64" not in prefix.lower():
            return prefix + text
    clean = "".join(text[: 4 * _HEAD_CHARS].replace("\\/", "/").replace("\\n", "").split())[:_HEAD_CHARS]
    return prefix + clean


def _holds_base64(text: _Text) -> bool:
    name = text.name.lower()
    return any(part in name for part in _BASE64_NAMES)


def _is_link(text: _Text) -> bool:
    name, beginning = text.name.lower(), text.text.strip()[:8].lower()
    return (
        len(text.text) <= _LONGEST_LINK
        and (name == "data" or any(part in name for part in _LINK_NAMES))
        and (beginning.startswith(("http://", "https://")) or (beginning.startswith("/") and "url" in name))
    )


def _is_relative_link(text: _Text) -> bool:
    """Whether a text is a link without scheme, host and leading slash; only the usual member of links has such."""
    return text.name.lower() == "url" and _RELATIVE_LINK.fullmatch(text.text.strip()) is not None


def _last_in_text(text: str) -> bytes | None:
    """The last whole picture of a body that is no JSON: cut off, too deep, or one event after another.

    A single one beside a thought may be what a model drew while it was thinking.
    """
    number, start, end = 0, 0, 0
    for match in _TEXT_IN_JSON.finditer(text):
        number, (start, end) = number + 1, match.span(1)
    if not number or (number == 1 and _THOUGHT.search(text)):
        return None
    data = decoded(text[start:end])
    return data if data is not None and sniff(data) is not None else None
