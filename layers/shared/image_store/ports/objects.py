"""Where the bytes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime, timedelta


class ObjectMissing(Exception):
    """An object that was to be read or copied is not there; services decide what that means."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What an object store tells about an object without its bytes."""

    key: str
    size_bytes: int
    modified_at: datetime
    etag: str | None = None
    """Names these very bytes for a conditional read or copy; opaque."""
    sha256: str | None = None
    """The checksum kept in the object's metadata, where it was given; listings never carry it."""


@dataclass(frozen=True, slots=True)
class PresignedPut:
    """A request that stores an object without further credentials."""

    url: str
    headers: Mapping[str, str]
    """What has to be sent exactly so; Content-Length follows from the body."""


class ObjectStore(Protocol):
    """One bucket, spoken to in S3's language. All methods raise StorageUnavailable when it does not answer."""

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        """Write an object that must not exist yet (If-None-Match: *); the store verifies its MD5.

        Safe to repeat: a key that exists already with these very bytes counts as written.

        Raises
        ------
        Conflict
            the key exists with other bytes
        """
        ...

    def copy_from(
        self,
        source_bucket: str,
        source_key: str,
        key: str,
        *,
        content_type: str,
        cache_control: str,
        metadata: Mapping[str, str],
        source_etag: str | None = None,
    ) -> None:
        """Copy an object to `key`, replacing its headers and metadata by these alone.

        Safe to repeat: a key belongs to one source. Raises ObjectMissing when the source is not there, or is not
        the object that `source_etag` names.
        """
        ...

    def head(self, key: str) -> StoredObject | None:
        """Describe an object; None says that it surely does not exist."""
        ...

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        """Read an object whole; PayloadTooLarge when it has more than `max_bytes`.

        ObjectMissing when it is absent, or is not the object that `etag` names.
        """
        ...

    def get_part(self, key: str, *, start: int, length: int, etag: str) -> bytes:
        """Read `length` bytes of an object from byte `start` on, fewer where it ends before; `start` lies in it.

        ObjectMissing when it is absent, or is not the object that `etag` names.
        """
        ...

    def delete(self, keys: Collection[str]) -> None:
        """Delete objects, in batches; keys that do not exist count as deleted."""
        ...

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """All objects below a prefix, in the order of their keys, page by page as they are consumed.

        A prefix ends in `/`, or is empty for the whole bucket. With `after` the list begins behind that key.
        """
        ...

    def presigned_read(
        self, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        """A link that reads one object for 15–60 minutes without further credentials, with that one method.

        Links made within the same half hour are equal, so that browsers can cache what they show.
        `filename` makes the browser save the object under that name.
        """
        ...

    def presigned_put(
        self, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        """A link that writes one object once: size, type, checksum and If-None-Match are signed with it."""
        ...
