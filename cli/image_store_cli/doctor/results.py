"""The results of the doctor's checks, one per line."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Status(StrEnum):
    """The outcome of a check; SKIPPED is not a fault."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line: the part, its status, the details, and how to repair it."""

    name: str
    status: Status
    detail: str
    mend: str = ""

    def body(self) -> dict[str, Any]:
        """The line as JSON."""
        line = {"check": self.name, "status": str(self.status), "detail": self.detail}
        return line | ({"mend": self.mend} if self.mend else {})


class CheckResults:
    """All results; each one is printed at once."""

    def __init__(self, report: Callable[[CheckResult], None]) -> None:
        self.all: list[CheckResult] = []
        self._report = report

    def ok(self, name: str, detail: str) -> None:
        """Report that a part works."""
        self._add(CheckResult(name, Status.OK, detail))

    def warn(self, name: str, detail: str, mend: str) -> None:
        """Report that a part works but needs attention."""
        self._add(CheckResult(name, Status.WARNING, detail, mend))

    def wrong(self, name: str, detail: str, mend: str) -> None:
        """Report that a part does not work."""
        self._add(CheckResult(name, Status.WRONG, detail, mend))

    def skip(self, name: str, detail: str, mend: str = "") -> None:
        """Report that a part was not checked."""
        self._add(CheckResult(name, Status.SKIPPED, detail, mend))

    @contextmanager
    def checking(self, name: str, mend: str) -> Iterator[None]:
        """Run a block; a CommandError is reported as a part that does not work."""
        try:
            yield
        except CommandError as failed:
            self.wrong(name, failed.message, mend)

    def is_wrong(self, *names: str) -> bool:
        """Whether one of these parts does not work."""
        return any(each.name in names and each.status is Status.WRONG for each in self.all)

    def number(self, status: Status) -> int:
        """Count the results with this status."""
        return sum(each.status is status for each in self.all)

    def _add(self, finding: CheckResult) -> None:
        self.all.append(finding)
        self._report(finding)
