"""Fails a run of all function tests that leaves a grant of a role unused; the workers of xdist are added up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.roles.evaluation import Grant
from tests.roles.ledger import unused

FOLDER = Path(__file__).resolve().parents[1] / "functions"
_KEY = "used_grants"


class WatchOfGrants:
    """Adds up what the functions of all tests have used of their roles."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._used: dict[str, set[Grant]] = {}
        self._files: set[str] = set()
        self._unused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which files of function tests have run."""
        if report.when == "call" and report.nodeid.startswith("tests/functions/"):
            self._files.add(report.nodeid.partition("::")[0].rpartition("/")[2])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Add what a worker has used."""
        for function, statement, action in getattr(node, "workeroutput", {}).get(_KEY, ()):
            self._used.setdefault(function, set()).add(Grant(statement, action))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand over what was used, or compare it when every file of function tests has run, and all of it."""
        enforcement = sys.modules.get("tests.roles.enforcement")
        here: dict[str, set[Grant]] = enforcement.USED if enforcement is not None else {}
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_KEY] = [
                (function, grant.statement, grant.action)
                for function, grants in here.items()
                for grant in grants
            ]
            return
        for function, grants in here.items():
            self._used.setdefault(function, set()).update(grants)
        option = self._config.option
        some_only = option.keyword or option.markexpr or getattr(option, "lf", False)
        if exitstatus == 0 and not some_only and self._files >= {path.name for path in _test_files()}:
            self._unused = unused(self._used)
            if self._unused:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the grants that nothing has used."""
        if self._unused:
            terminalreporter.section("grants that no function test uses", red=True)
            terminalreporter.line(
                "Take them out of template.yaml, or give the reason in tests/roles/ledger.py:"
            )
            for line in self._unused:
                terminalreporter.line(f"  {line}")


def _test_files() -> list[Path]:
    """The files that have tests; each of them calls a function."""
    return sorted(FOLDER.glob("test_*.py"))
