"""The port of object stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime, timedelta


class ObjectMissing(Exception):
    """An object to be read or copied does not exist; services decide what that means."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object without its bytes."""

    key: str
    size_bytes: int
    modified_at: datetime
    etag: str | None = None
    """Identifies the bytes for a conditional read or copy; opaque."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """As it was stored; listings never have it."""

    @property
    def sha256(self) -> str | None:
        """The checksum in the object's metadata, if there is one."""
        return self.metadata.get("sha256")


@dataclass(frozen=True, slots=True)
class PresignedPut:
    """A request that stores an object without further credentials."""

    url: str
    headers: Mapping[str, str]
    """Headers that must be sent unchanged; Content-Length follows from the body."""


class ObjectStore(Protocol):
    """One bucket behind S3's API. All methods raise StorageUnavailable if it fails."""

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        """Write an object that must not exist yet (If-None-Match: *); the store verifies its MD5.

        Safe to repeat: a key that exists with the same bytes counts as written.

        Raises
        ------
        Conflict
            The key exists with other bytes.
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

        Safe to repeat, since a key has one source. Raises ObjectMissing if the source does not exist, or is not the
        object that `source_etag` names.
        """
        ...

    def head(self, key: str) -> StoredObject | None:
        """Describe an object; None means that it does not exist, never that the store did not answer."""
        ...

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        """Read a whole object; PayloadTooLarge if it has more than `max_bytes`.

        ObjectMissing if it does not exist, or is not the object that `etag` names.
        """
        ...

    def get_part(self, key: str, *, start: int, length: int, etag: str) -> bytes:
        """Read `length` bytes of an object from byte `start`, which it has; fewer if the object ends before.

        ObjectMissing if it does not exist, or is not the object that `etag` names.
        """
        ...

    def delete(self, keys: Collection[str]) -> None:
        """Delete objects, in batches; keys that do not exist count as deleted."""
        ...

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """List all objects below a prefix in the order of their keys; pages are read as they are consumed.

        A prefix ends in `/`, or is empty for the whole bucket. With `after` the list begins after that key.
        """
        ...

    def presigned_read(
        self, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        """A link that reads one object with this method for 30–60 minutes without further credentials.

        Links of the same half hour are equal, so that browsers can cache the object. With `filename` the browser saves
        the object under that name.
        """
        ...

    def presigned_put(
        self, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        """A link that writes one object once: size, type, checksum and If-None-Match are signed with it."""
        ...
