"""What cleanup has to do, and what it remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from image_store.domain.cleanup import Lease, Position, Report
    from image_store.domain.image import RecordPage


class Housekeeping(Protocol):
    """What cleanup remembers between its runs. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def take_lease(
        self, *, holder: str, at: datetime, until: datetime, take_over: bool = False
    ) -> Lease | None:
        """Take the right to run, from whoever has it with `take_over`; None while another run has it."""
        ...

    def end_lease(self, lease: Lease) -> None:
        """Give it back; nothing happens when it was lost."""
        ...

    def position(self, sweep: str) -> Position | None:
        """How far a sweep has come; None before its first pass."""
        ...

    def move(self, sweep: str, position: Position, lease: Lease) -> None:
        """Remember how far a sweep has come; Conflict when the lease was lost."""
        ...

    def keep_report(self, report: Report, lease: Lease) -> None:
        """Keep a report for 90 days; Conflict when the lease was lost."""
        ...

    def reports(self, *, limit: int) -> Sequence[Report]:
        """The last reports, the newest first."""
        ...


class CleanupRows(Protocol):
    """Where cleanup looks for what is to be done."""

    def due(self, before: datetime) -> Iterator[str]:
        """The ids of images, or `publication:`-prefixed publications, that cleanup has to look at.

        Read in pages as they are asked for. Eventually consistent: whoever acts on one reads it again first.
        """
        ...

    def owners_due(self, before: datetime) -> Iterator[str]:
        """The owners whose images policies have to look at; in pages, and eventually consistent, as `due`."""
        ...

    def owner_done(self, owner: str, *, next_at: datetime) -> None:
        """Let an owner's turn come again at `next_at`. Safe to repeat."""
        ...

    def scan(self, *, after: str | None, limit: int) -> tuple[RecordPage, str | None]:
        """Records of all owners in no order, page by page, and where to go on; for maintenance alone.

        Reads the whole table once it is repeated to its end. A page may be short or empty.
        """
        ...
