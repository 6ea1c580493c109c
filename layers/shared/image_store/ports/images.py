"""Ports of the images area: records, claims, the image processor, the fetcher and the ingest bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.delivery.publication import PublicationRow
    from image_store.domain.delivery.renditions import Recipe
    from image_store.domain.images.image import Image, ImageRecord, RecordsById
    from image_store.domain.images.ingest import DroppedObject, SweepPosition, VersionPage, VersionPosition
    from image_store.domain.images.media import MediaType
    from image_store.domain.images.processing import ProcessedImage
    from image_store.domain.images.provenance import Provenance
    from image_store.domain.images.quota import Usage
    from image_store.domain.images.reservation import Copies, IdempotencyRow, Reservation


class ImageRepository(Protocol):
    """All records, written together with the rows that follow from them. Every write is conditional and atomic.

    Writers pass the image they read and the image to write. If the response to a write is lost, a strongly consistent
    read decides. All methods raise StorageUnavailable when DynamoDB does not answer, and UnreadableRow for a single
    record that cannot be read.
    """

    def reserve(self, reservation: Reservation) -> None:
        """Write a PENDING record with its quota, guard, idempotency and publication rows, and charge counters.

        Raises
        ------
        QuotaExceeded, Conflict
            Conflict when another image has the guard or the idempotency key; nothing was written
        UploadTokenUsedUp
            or the error of another counter without room; nothing was written
        """
        ...

    def replace(
        self,
        before: Image,
        after: Image,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        """Write the next version of an image, with every row that follows from it.

        Group, checksum, guard and index rows and the row of the current publication follow from the record. When an
        image becomes DELETING, its usage is released. `publications`, which are not current, are written in the same
        transaction; the row of a publication never loses a key.

        Raises
        ------
        Conflict
            the record differs from `before`; nothing was written
        """
        ...

    def amend(self, before: ImageRecord, after: ImageRecord) -> None:
        """Change a part of a record that no client sees, without a new version; `after` has a new `amendment`.

        Raises
        ------
        Conflict
            the record differs from `before`; nothing was written
        """
        ...

    def forget(self, image: Image) -> None:
        """Remove a TOMBSTONE; Conflict when it has changed."""
        ...

    def recover(self, image: Image) -> Image:
        """Write a whole image without a record, READY or TRASHED, with every row that follows from it.

        No reservation comes before it, so its original must be stored already. Its version is raised above the last one
        that lists have seen, so that they show it. If another image holds the guard of its checksum, that image keeps
        it. Usage under a quota grows without a limit. Returns the image as it was written. Safe to repeat.

        Raises
        ------
        Conflict
            there is a record with this id, in whatever state; nothing was written
        """
        ...

    def ended(self, versions: Mapping[str, int]) -> Collection[str]:
        """Which of these lost images were deleted or expired here after this version of them, strongly consistent.

        The table knows it for 7 days; later, and in a table that was lost, an image that ended is not among them.
        """
        ...

    def get(self, image_id: str) -> Image | None:
        """Read a record with its details, strongly consistent."""
        ...

    def get_record(self, image_id: str) -> ImageRecord | None:
        """Read a record without its details, strongly consistent: one GetItem."""
        ...

    def get_records(self, image_ids: Collection[str]) -> RecordsById:
        """Read the records of many images, strongly consistent, without their details; absent ones are left out."""
        ...


class Claims(Protocol):
    """The checksums, idempotency keys and usage that reservations have written."""

    def copies(self, owner: str, sha256: str) -> Copies:
        """Read which images of the owner have this checksum, strongly consistent."""
        ...

    def idempotency(self, name: str) -> IdempotencyRow | None:
        """Read the row of an idempotency key, strongly consistent."""
        ...

    def bring_forward(self, name: str, row: IdempotencyRow, *, to: datetime) -> None:
        """Set an earlier expiry of an idempotency key, unless its row was changed meanwhile."""
        ...

    def usage(self, owner: str) -> Usage:
        """Read the usage of an owner: strongly consistent for images reserved under a quota, eventually for others."""
        ...


class ImageProcessor(Protocol):
    """Decodes untrusted bytes and makes renditions."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        """Verify that `data` is an accepted image, and make a rendition by each recipe from one decode.

        `media_type` is the known type of the image, or None. Renditions have the order and the names of `recipes`.
        Their orientation is applied, their colors are sRGB, and their only metadata is `provenance`.

        Raises
        ------
        PayloadTooLarge, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        """
        ...


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """The file that a remote server returned."""

    data: bytes
    content_type: str | None
    """As the server sent it; not verified."""


class Fetcher(Protocol):
    """Reads files from remote servers."""

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> RemoteFile:
        """Read the file at a URL, by `until`.

        Raises
        ------
        UrlNotAllowed
            the URL, an address that it resolves to, or the response is not allowed; or there was no response
        """
        ...


class VersionedBucket(Protocol):
    """A bucket that keeps every version of an object."""

    def versions(self, prefix: str, *, after: VersionPosition | None) -> VersionPage:
        """One page of the versions below a prefix that have bytes, by key, the newest of a key first.

        Raises StorageUnavailable.
        """
        ...


class IngestEvents(Protocol):
    """The queue of events about dropped objects: at least once, in any order."""

    def announce(self, dropped: DroppedObject) -> None:
        """Announce an object as the bucket itself does; StorageUnavailable if the queue does not accept it."""
        ...


class IngestNotes(Protocol):
    """Notes about dropped objects that were not stored, and the position of their sweep."""

    def find_settled(self, names: Collection[str], *, at: datetime) -> Collection[str]:
        """Find the idempotency names that have an image or a valid note, strongly consistent."""
        ...

    def note(self, name: str, *, what: str, expires_at: datetime) -> None:
        """Write a note beside an idempotency name; it expires in whole seconds."""
        ...

    def sweep_position(self, sweep: str) -> SweepPosition | None:
        """Read where a sweep stopped, strongly consistent; None before the first."""
        ...

    def keep_sweep_position(self, sweep: str, position: SweepPosition) -> None:
        """Write where a sweep stopped; the last write wins."""
        ...
