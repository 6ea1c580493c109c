"""What cleanup remembers, in memory."""

from dataclasses import replace
from datetime import datetime

from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.errors import Conflict
from image_store.domain.upkeep.cleanup import LONGEST_HOLD, LONGEST_RUN, CleanupReport, Lease, PassPosition
from image_store.ports.upkeep import Housekeeping


class MemoryHousekeeping(Housekeeping):
    """Housekeeping in memory; `positions` is there for tests to look at."""

    def __init__(self) -> None:
        self.positions: dict[str, PassPosition] = {}
        self._reports: list[CleanupReport] = []
        self._token = 0
        self._until: datetime | None = None
        self._hold: tuple[str, datetime] | None = None

    def take_lease(
        self, *, holder: str, at: datetime, until: datetime, take_over: bool = False
    ) -> Lease | None:
        latest = at + LONGEST_RUN + CLOCK_SKEW
        if self._until is not None and at <= self._until <= latest and not take_over:
            return None
        self._token += 1
        self._until = until
        return Lease(holder, self._token)

    def end_lease(self, lease: Lease) -> None:
        if lease.token == self._token:
            self._until = None

    def is_running(self, at: datetime) -> bool:
        return self._until is not None and at <= self._until <= at + LONGEST_RUN + CLOCK_SKEW

    def hold(self, *, holder: str, at: datetime, until: datetime, take_over: bool = False) -> bool:
        if self.holder(at) not in {None, holder} and not take_over:
            return False
        self._hold = (holder, until)
        return True

    def end_hold(self, holder: str) -> None:
        if self._hold is not None and self._hold[0] == holder:
            self._hold = None

    def holder(self, at: datetime) -> str | None:
        if self._hold is None or not at <= self._hold[1] <= at + LONGEST_HOLD + CLOCK_SKEW:
            return None
        return self._hold[0]

    def position(self, sweep: str) -> PassPosition | None:
        return self.positions.get(sweep)

    def move(self, sweep: str, position: PassPosition, lease: Lease) -> None:
        self._check(lease)
        self.positions[sweep] = position

    def keep_report(self, report: CleanupReport, lease: Lease) -> None:
        self._check(lease)
        self._reports.append(replace(report, policies=list(report.policies)))

    def reports(self, *, limit: int) -> list[CleanupReport]:
        return sorted(self._reports, key=lambda report: report.id, reverse=True)[:limit]

    def _check(self, lease: Lease) -> None:
        if lease.token != self._token:
            raise Conflict("Another run of cleanup has taken over.")
