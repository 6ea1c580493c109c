"""The records of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from image_store.domain.image import FoundRecords, ImageRecord, Image
    from image_store.domain.publication import PublicationRow
    from image_store.domain.reservation import Reservation


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

    def get_image(self, image_id: str) -> ImageRecord | None:
        """Read a record without its details, strongly consistent: one GetItem."""
        ...

    def get_images(self, image_ids: Collection[str]) -> FoundRecords:
        """Read the records of many images, strongly consistent, without their details; absent ones are left out."""
        ...
