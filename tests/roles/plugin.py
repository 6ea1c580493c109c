"""Fail a run of all function and fault tests that leaves a grant of a role unused.

Each worker of xdist reports the grants that its tests have used, and the main process adds them up. A run of only some
of these tests, or a run with a failure, compares nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.roles.comparison import USED, unused
from tests.roles.evaluation import Grant

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ("functions", "faults")
_KEY = "used_grants"
_NARROWING = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "collectonly")


class WatchOfGrants:
    """Collects the grants that functions have used in all tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._used: dict[str, set[Grant]] = {}
        self._ran: set[str] = set()
        self._unused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record which test files have run."""
        self._ran.add(report.nodeid.partition("::")[0])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Add the grants that a worker reports."""
        for function, *grant in getattr(node, "workeroutput", {}).get(_KEY, ()):
            self._used.setdefault(function, set()).add(Grant(*grant))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Report the used grants, or compare them once all these tests have run."""
        workeroutput = getattr(self._config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput[_KEY] = [
                (function, grant.statement, grant.action, grant.only)
                for function, grants in USED.items()
                for grant in grants
            ]
            return
        for function, grants in USED.items():
            self._used.setdefault(function, set()).update(grants)
        if exitstatus == pytest.ExitCode.OK and self._ran_all():
            self._unused = unused(self._used)
            if self._unused:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the grants that nothing has used."""
        if self._unused:
            terminalreporter.section("grants of roles that no function test or fault test uses", red=True)
            terminalreporter.line("Remove them from template.yaml, or add a reason to tests/roles/ledger.py:")
            for line in self._unused:
                terminalreporter.line(f"  {line}")

    def _ran_all(self) -> bool:
        option = self._config.option
        some_only = any(getattr(option, name, None) for name in _NARROWING)
        return (
            not some_only and not any("::" in arg for arg in self._config.args) and self._ran >= all_files()
        )


def all_files() -> set[str]:
    """The test files that run functions, by their pytest ids."""
    return {
        f"tests/{path.relative_to(TESTS).as_posix()}"
        for folder in FOLDERS
        for path in (TESTS / folder).glob("test_*.py")
    }
