"""What the doctor found, line by line."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Status(StrEnum):
    """How a part is; SKIPPED is not looked at, and no fault."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line: which part, how it is, what was seen, and what to do about it."""

    name: str
    status: Status
    detail: str
    mend: str = ""

    def body(self) -> dict[str, Any]:
        """The line as JSON."""
        told = {"check": self.name, "status": str(self.status), "detail": self.detail}
        return told | ({"mend": self.mend} if self.mend else {})


class CheckResults:
    """Collects lines, and tells each of them at once."""

    def __init__(self, tell: Callable[[CheckResult], None]) -> None:
        self.all: list[CheckResult] = []
        self._tell = tell

    def ok(self, name: str, detail: str) -> None:
        """It is well."""
        self._add(CheckResult(name, Status.OK, detail))

    def warn(self, name: str, detail: str, mend: str) -> None:
        """It works and should be looked at."""
        self._add(CheckResult(name, Status.WARNING, detail, mend))

    def wrong(self, name: str, detail: str, mend: str) -> None:
        """It does not work."""
        self._add(CheckResult(name, Status.WRONG, detail, mend))

    def skip(self, name: str, detail: str, mend: str = "") -> None:
        """It was not looked at."""
        self._add(CheckResult(name, Status.SKIPPED, detail, mend))

    @contextmanager
    def checking(self, name: str, mend: str) -> Iterator[None]:
        """A block whose CommandError becomes the line that this is wrong."""
        try:
            yield
        except CommandError as failed:
            self.wrong(name, failed.message, mend)

    def is_wrong(self, *names: str) -> bool:
        """Whether one of these was found wrong."""
        return any(each.name in names and each.status is Status.WRONG for each in self.all)

    def number(self, status: Status) -> int:
        """How many lines say so."""
        return sum(each.status is status for each in self.all)

    def _add(self, finding: CheckResult) -> None:
        self.all.append(finding)
        self._tell(finding)
