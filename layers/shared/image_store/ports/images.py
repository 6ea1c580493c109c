"""The records of images: the only place that decides what may happen to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.image import Image, Record
    from image_store.domain.ingest import SweepPosition
    from image_store.domain.listing import CardPage, GroupOf, ListQuery, MemberPage
    from image_store.domain.publication import PublicationRow
    from image_store.domain.reservation import Copies, IdempotencyRow, Reservation, Usage


class ImageRepository(Protocol):
    """All records, and the rows that hang on them. Every write is conditional and made as a whole.

    Writers hand over the record they saw and the one they want. A write whose answer is lost is settled by a
    strong read before anything is said. All methods raise StorageUnavailable when DynamoDB does not answer.
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
        before: Record,
        after: Record,
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

    def amend(self, before: Image, after: Image) -> None:
        """Change what no client sees of a record, and so not its version; `after` has an `amendment` of its own.

        Raises
        ------
        Conflict
            the record is no longer as `before` has it; nothing was written
        """
        ...

    def forget(self, record: Record) -> None:
        """Remove a TOMBSTONE; Conflict when it has changed."""
        ...

    def get(self, image_id: str) -> Record | None:
        """Read a record with its details, strongly consistent."""
        ...

    def get_image(self, image_id: str) -> Image | None:
        """Read a record without its details, strongly consistent: one GetItem."""
        ...

    def get_images(self, image_ids: Collection[str]) -> Mapping[str, Image]:
        """Read the records of many images, strongly consistent, without their details; absent ones are left out."""
        ...

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        """Read one page of an owner's cards; eventually consistent, at most 2,000 rows examined."""
        ...

    def members(self, group: GroupOf, *, after: str | None, limit: int) -> MemberPage:
        """Read one page of the images of a group, the oldest first, strongly consistent."""
        ...

    def copies(self, owner: str, sha256: str) -> Copies:
        """The owner's stored images with this checksum, strongly consistent."""
        ...

    def idempotency(self, name: str) -> IdempotencyRow | None:
        """Read what an idempotency key stands for, strongly consistent."""
        ...

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

    def usage(self, owner: str) -> Usage:
        """What an owner stores, strongly consistent."""
        ...

    def due(self, before: datetime) -> Iterator[str]:
        """The ids of images, or `publication:`-prefixed publications, that cleanup has to look at.

        Read in pages as they are asked for. Eventually consistent: whoever acts on one reads it again first.
        """
        ...

    def scan(self, *, after: str | None, limit: int) -> tuple[Sequence[Image], str | None]:
        """Records of all owners in no order, page by page, and where to go on; for maintenance alone.

        Reads the whole table once it is repeated to its end. A page may be short or empty.
        """
        ...

    def owners_due(self, before: datetime) -> Iterator[str]:
        """The owners whose images policies have to look at; in pages, and eventually consistent, as `due`."""
        ...

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        """Let an owner's turn come again at `next_at`. Safe to repeat."""
        ...

    def publication(self, publication: str) -> PublicationRow | None:
        """Read what is kept of a publication, strongly consistent."""
        ...

    def publications(self, names: Collection[str]) -> Mapping[str, PublicationRow]:
        """Read what is kept of many publications, strongly consistent; absent ones are left out."""
        ...

    def announce_copy(self, publication: str, key: str, *, until: datetime) -> bool:
        """Name one more copy of a publication before it is made, at the latest by `until`.

        False when the publication is not the current one of its image, and then the copy must not be made. Safe
        to repeat.
        """
        ...

    def adopt_strays(self, row: PublicationRow) -> None:
        """Keep a row for copies that none names; nothing changes when their publication has one. Safe to repeat."""
        ...

    def forget_publication(self, row: PublicationRow, *, at: datetime) -> None:
        """Forget a publication of which all copies are gone that `row` names. Safe to repeat.

        One that is current stays, and so does one that has other copies by now or for which, at this instant, a
        copy may still be made.
        """
        ...

    def take_rendering(self, name: str, *, holder: str, at: datetime, until: datetime) -> bool:
        """Take the right to make a file of an image until `until`; False while somebody else has it.

        `name` is the image's id and the file's name; `holder` names one try. The right ends by itself.
        """
        ...
