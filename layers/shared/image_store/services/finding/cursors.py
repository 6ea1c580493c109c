"""Makes and reads cursors: opaque, signed, bound to owner and query, and valid for 24 hours, or 30 days for events.

A cursor contains only the place to continue after: an id, or a place among the terms of a search. Owner and query are
signed with it but not in it, so a cursor is invalid for another owner or another query.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from image_store.domain.errors import InvalidCursor
from image_store.domain.ids import is_image_id
from image_store.services.delivery.signing import current_key, key_named

CURSOR_LIFETIME = timedelta(hours=24)
_TAG_BYTES = 16


class Paged(Protocol):
    """A query with pages: a list, a search, the feed, or a group to delete."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for, the owner among them."""
        ...


class Cursors:
    """Makes and reads cursors with the keys of the signing secret."""

    def __init__(self, *, keys: Callable[[], Mapping[str, str]]) -> None:
        self._keys = keys

    def make(self, after: str, query: Paged, *, at: datetime, lifetime: timedelta = CURSOR_LIFETIME) -> str:
        """A cursor that continues after a place."""
        key_id, key = current_key(self._keys())
        expires = int((at + lifetime).timestamp())
        text = f"{key_id}.{expires}.{after}"
        raw = _tag(key, text, query) + text.encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")

    def read(self, cursor: str, query: Paged, *, at: datetime) -> str:
        """The id to continue after; InvalidCursor unless this store made the cursor for the same query."""
        after = self.read_place(cursor, query, at=at)
        if not is_image_id(after):
            raise _invalid()
        return after

    def read_place(self, cursor: str, query: Paged, *, at: datetime) -> str:
        """The place to continue after; InvalidCursor as in `read`."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            text = raw[_TAG_BYTES:].decode()
        except (binascii.Error, ValueError):
            raise _invalid() from None
        key_id, _, rest = text.partition(".")
        expires, _, after = rest.partition(".")
        key = key_named(self._keys(), key_id)
        if key is None or not hmac.compare_digest(raw[:_TAG_BYTES], _tag(key, text, query)):
            raise _invalid()
        if datetime.fromtimestamp(int(expires), UTC) < at:
            raise _invalid()
        return after


def _tag(key: str, text: str, query: Paged) -> bytes:
    message = hashlib.sha256()
    for part in (text, *query.binding):
        encoded = b"" if part is None else part.encode()
        # With their lengths, two different lists of parts never give the same bytes.
        message.update(len(encoded).to_bytes(4, "big") + encoded)
    return hmac.digest(key.encode(), b"cursor" + message.digest(), "sha256")[:_TAG_BYTES]


def _invalid() -> InvalidCursor:
    return InvalidCursor("This cursor is not valid for this list; start again without one.")
