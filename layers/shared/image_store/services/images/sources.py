"""Reads the bytes of an image from the request or from a URL.

A URL is fetched late: only when its bytes are needed.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from image_store.domain.errors import InvalidRequest
from image_store.domain.images.filenames import clean_filename
from image_store.domain.images.media import MAX_BYTES, parse_declared
from image_store.ports.images import Fetcher

_LONGEST_INDENT = 100
"""The most white space that may precede a data URI."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes with the type and filename that came with them."""

    data: bytes
    declared_type: str | None = None
    filename: str | None = None
    """A name for the image if its attributes have none."""


@dataclass(frozen=True, slots=True)
class RemoteUrl:
    """Bytes at a URL that is not checked yet."""

    url: str


ImageSource = Content | RemoteUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Opens sources; the fetcher is created for the first URL and reads at most `max_bytes`."""

    fetcher: Callable[[], Fetcher]
    max_bytes: int = MAX_BYTES

    def open(self, source: ImageSource, *, until: datetime) -> Content:
        """The bytes of a source; a URL is fetched by `until`. Raises UrlNotAllowed.

        A server's Content-Type counts only if it names an accepted type: many servers send
        `application/octet-stream`.
        """
        if isinstance(source, Content):
            return source
        fetched = self.fetcher().fetch(source.url, max_bytes=self.max_bytes, until=until)
        content_type = fetched.content_type
        declared = content_type if content_type is not None and parse_declared(content_type) else None
        return Content(fetched.data, declared, filename_in(source.url))


def filename_in(url: str) -> str | None:
    """The last segment of a URL's path as a filename; None when it has none."""
    return clean_filename(unquote(urlsplit(url).path.rpartition("/")[2]))


def in_base64(text: str) -> Content:
    """The bytes of a base64 text (RFC 4648, section 4); white space in it is ignored."""
    if is_data_uri(text):
        raise InvalidRequest(
            "`source.base64` holds a data URI: send it as `source.data_uri`, or send only what follows its comma."
        )
    return Content(_decode(text))


def in_data_uri(uri: str) -> Content:
    """The bytes and declared type of a data URI (RFC 2397), read as browsers read it."""
    head, comma, text = uri.strip().partition(",")
    if not comma or not is_data_uri(head):
        raise InvalidRequest(
            "This is not a data URI, which begins like `data:image/png;base64,`. Send plain base64 as `source.base64`."
        )
    media_type, *parameters = (part.strip() for part in unquote(head[5:]).split(";"))
    if parameters and parameters[-1].lower() == "base64":
        # Browsers take base64 without the `=` at its end here (https://infra.spec.whatwg.org/#forgiving-base64).
        text = "".join(unquote(text).split()).rstrip("=")
        return Content(_decode(text + "=" * (-len(text) % 4)), media_type or None)
    return Content(unquote_to_bytes(text), media_type or None)


def is_data_uri(text: str) -> bool:
    """Whether a text begins as data URIs do."""
    return text[:_LONGEST_INDENT].lstrip()[:5].lower() == "data:"


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("The base64 text is broken.") from None
