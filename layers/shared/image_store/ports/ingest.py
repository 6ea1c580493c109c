"""Objects that others drop for the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from image_store.domain.ingest import DroppedObject, VersionPage, VersionPosition


class VersionedBucket(Protocol):
    """A bucket that keeps every version of an object, as its sweep needs it."""

    def versions(self, prefix: str, *, after: VersionPosition | None) -> VersionPage:
        """One page of the versions below a prefix that have bytes, by key, the newest of a key first.

        Raises StorageUnavailable.
        """
        ...


class IngestEvents(Protocol):
    """Where the news of dropped objects goes: at least once, in any order."""

    def announce(self, dropped: DroppedObject) -> None:
        """Announce an object as the bucket itself does; StorageUnavailable when the queue does not take it."""
        ...
