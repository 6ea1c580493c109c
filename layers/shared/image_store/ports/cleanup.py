"""What cleanup remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from image_store.domain.cleanup import Lease, Position, Report


class Housekeeping(Protocol):
    """What cleanup remembers between its runs. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def take_lease(self, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        """Take the right to run; None while another run has it."""
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
