"""What storing images needs: their records, the processor, servers of others and the ingest bucket."""

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
    """All records, written with the rows that follow from them. Every write is conditional and made as a whole.

    Writers hand over the record they saw and the one they want. A write whose answer is lost is settled by a
    strong read before anything is said. All methods raise StorageUnavailable when DynamoDB does not answer, and
    UnreadableRow for a single record that cannot be read.
    """

    def reserve(self, reservation: Reservation) -> None:
        """Write a PENDING record with its quota, guard, idempotency and publication rows.

        Raises
        ------
        QuotaExceeded, Conflict
            Conflict when the guard or the idempotency key is held by another image; nothing was written
        """
        ...

    def replace(
        self,
        before: Image,
        after: Image,
        *,
        publications: Sequence[PublicationRow] = (),
    ) -> None:
        """Change a record from the version seen to the next, with every row that follows from it.

        Group, checksum, guard and index rows and that of the current publication are derived from the record.
        Usage is given back when an image becomes DELETING. `publications`, those that are not current, are
        written in the same step; the row of a publication never loses a key.

        Raises
        ------
        Conflict
            the record is no longer as `before` has it; nothing was written
        """
        ...

    def amend(self, before: ImageRecord, after: ImageRecord) -> None:
        """Change what no client sees of a record, and so not its version; `after` has an `amendment` of its own.

        Raises
        ------
        Conflict
            the record is no longer as `before` has it; nothing was written
        """
        ...

    def forget(self, image: Image) -> None:
        """Remove a TOMBSTONE; Conflict when it has changed."""
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
    """What reservations have taken and not given back: checksums, idempotency keys and usage."""

    def copies(self, owner: str, sha256: str) -> Copies:
        """The owner's stored images with this checksum, strongly consistent."""
        ...

    def idempotency(self, name: str) -> IdempotencyRow | None:
        """Read what an idempotency key stands for, strongly consistent."""
        ...

    def bring_forward(self, name: str, row: IdempotencyRow, *, to: datetime) -> None:
        """Let an idempotency key end earlier than its row says; nothing happens when that has changed meanwhile."""
        ...

    def usage(self, owner: str) -> Usage:
        """What an owner stores: strongly consistent what was reserved under a quota, a moment behind the rest."""
        ...


class ImageProcessor(Protocol):
    """Turns untrusted bytes into facts and renditions."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        """Verify that `data` is an image the store accepts and make a rendition by each recipe from one decode.

        `media_type` is what the image is known to be, None when nobody said. Renditions come in the order of
        `recipes` and under their names; they have the orientation applied, are in sRGB and carry no metadata
        but `provenance`.

        Raises
        ------
        PayloadTooLarge, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server somewhere answered."""

    data: bytes
    content_type: str | None
    """As it was sent; nobody vouches for it."""


class Fetcher(Protocol):
    """Reads what other people's servers hold."""

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> Fetched:
        """Read what a URL leads to, at the latest by `until`.

        Raises
        ------
        UrlNotAllowed
            the URL, an address behind it or the answer is not acceptable, or there was no answer
        """
        ...


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
