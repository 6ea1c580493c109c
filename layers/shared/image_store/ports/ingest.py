"""Objects that others drop for the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from image_store.domain.ingest import DroppedObject, SweepPosition, VersionPage, VersionPosition


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


class IngestNotes(Protocol):
    """What became of dropped objects that are no images, and how far their sweep has come."""

    def settled(self, names: Collection[str], *, at: datetime) -> Collection[str]:
        """Those idempotency names that stand for an image or are noted, strongly consistent."""
        ...

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        """Remember, beside an idempotency name and in whole seconds, what became of it instead of an image."""
        ...

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        """Where a sweep stopped, strongly consistent; None before the first."""
        ...

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        """Remember where a sweep stopped; the last one to say so is right."""
        ...
