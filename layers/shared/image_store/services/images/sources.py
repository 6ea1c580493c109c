"""Where the bytes of an image come from: they came with the request, or lie at a URL.

A URL is opened late, when it is clear that its bytes are needed.
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
"""White space before a data URI is looked past as far as this."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes, and what their sender says about them."""

    data: bytes
    declared_type: str | None = None
    filename: str | None = None
    """What to call them if nothing else is said."""


@dataclass(frozen=True, slots=True)
class RemoteUrl:
    """Bytes that lie somewhere else; the URL is not checked yet."""

    url: str


ImageSource = Content | RemoteUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Opens sources; the fetcher is made for the first URL and reads at most `max_bytes`."""

    fetcher: Callable[[], Fetcher]
    max_bytes: int = MAX_BYTES

    def open(self, source: ImageSource, *, until: datetime) -> Content:
        """The bytes of a source, fetched by `until` when they lie somewhere else; UrlNotAllowed when they cannot be.

        What a server says of its bytes counts only if it names a type that the store accepts: many know no better
        than `application/octet-stream`.
        """
        if isinstance(source, Content):
            return source
        fetched = self.fetcher().fetch(source.url, max_bytes=self.max_bytes, until=until)
        said = fetched.content_type
        declared = said if said is not None and parse_declared(said) is not None else None
        return Content(fetched.data, declared, filename_in(source.url))


def filename_in(url: str) -> str | None:
    """The last segment of a URL's path as a filename; None when it has none."""
    return clean_filename(unquote(urlsplit(url).path.rpartition("/")[2]))


def in_base64(text: str) -> Content:
    """What base64 (RFC 4648, section 4) carries; white space in it does not count."""
    if is_data_uri(text):
        raise InvalidRequest(
            "`source.base64` holds a data URI: send it as `source.data_uri`, or send only what follows its comma."
        )
    return Content(_decoded(text))


def in_data_uri(uri: str) -> Content:
    """What a data URI (RFC 2397) carries, read as browsers do; one that names no type declares none."""
    head, comma, text = uri.strip().partition(",")
    if not comma or not is_data_uri(head):
        raise InvalidRequest(
            "This is not a data URI, which begins like `data:image/png;base64,`. Send plain base64 as `source.base64`."
        )
    media_type, *parameters = (part.strip() for part in unquote(head[5:]).split(";"))
    if parameters and parameters[-1].lower() == "base64":
        # Browsers take base64 without the `=` at its end here (https://infra.spec.whatwg.org/#forgiving-base64).
        text = "".join(unquote(text).split()).rstrip("=")
        return Content(_decoded(text + "=" * (-len(text) % 4)), media_type or None)
    return Content(unquote_to_bytes(text), media_type or None)


def is_data_uri(text: str) -> bool:
    """Whether a text begins as data URIs do."""
    return text[:_LONGEST_INDENT].lstrip()[:5].lower() == "data:"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("The base64 text is broken.") from None
