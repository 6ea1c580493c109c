"""How tests are spread over workers, and what watches them."""

import gc
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.roles.plugin import WatchOfGrants

TOGETHER = {
    "the shared stack": ("tests/e2e/",),
    # With a stack of their own, they end when the others do: together they would take as long as all other tests.
    "clients on the stack, and generation": (
        "tests/e2e/test_ai_clients.py",
        "tests/e2e/test_backend_examples.py",
        "tests/e2e/test_generated_clients.py",
        "tests/e2e/test_generation.py",
        "tests/e2e/test_issuers.py",
        "tests/e2e/test_mcp_tools.py",
        "tests/e2e/test_openai.py",
        "tests/e2e/test_prompts.py",
        "tests/e2e/test_python_client.py",
        "tests/e2e/test_typescript_client.py",
    ),
    "the console, and what needs stacks of its own": (
        "tests/e2e/console/",  # one more start of the shared stack shortens the longest unit by a third
        "tests/e2e/test_private_gallery.py",
        "tests/e2e/test_browser_uploads.py",
        "tests/e2e/test_react.py",
        "tests/e2e/test_next_example.py",
        "tests/e2e/test_gallery_example.py",
        "tests/e2e/test_crash.py",
        "tests/e2e/test_full_disk.py",
    ),
    "the TypeScript client": ("tests/typescript/",),  # they share its build
    "the template": ("tests/template/",),  # its linter and its transform take seconds to start
}
"""What one worker runs, by the longest prefix. Of all other tests one worker runs those of a file."""
APART = "tests/faults/"
"""Tests that take long and share nothing: they are last, and each goes to whoever is free."""
_UNITS = {prefix: unit for unit, prefixes in TOGETHER.items() for prefix in prefixes}
_PREFIXES = sorted(_UNITS, key=len, reverse=True)
_TURNS = {unit: turn for turn, unit in enumerate(TOGETHER)}


def unit_of(nodeid: str) -> str:
    """The tests that one worker runs, by the name of one of them."""
    if nodeid.startswith(APART):
        return nodeid
    prefix = next(filter(nodeid.startswith, _PREFIXES), None)
    return _UNITS[prefix] if prefix else nodeid.partition("::")[0]


def turn_of(item: pytest.Item) -> int:
    """The place of a test's unit among all units; those of the same place keep the order of collection."""
    return _TURNS.get(unit_of(item.nodeid), len(_TURNS) + item.nodeid.startswith(APART))


class Spreading(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out units in the order of collection.

    `--dist loadgroup` is meant for this, and groups nothing: with pytest 9, xdist 3.8 sets a name that nobody reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Forget a test: xdist counts all tests that it remembers whenever one ends, which took half a minute."""
        del duration
        nodeid = self.registered_collections[node][item_index]
        unit = unit_of(nodeid)
        del self.assigned_work[node][unit][nodeid]
        if not self.assigned_work[node][unit]:
            del self.assigned_work[node][unit]
        self._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading:
    """Spread the tests our way, in the order of this module and not by the size of units."""
    config.option.loadscopereorder = False
    return Spreading(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the units that wait for a stack begin first."""
    items.sort(key=turn_of)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage look at nothing that lives as long as the process: modules, and all tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Watch what functions use of their roles, and let examples take as long as they do on a busy machine."""
    config.pluginmanager.register(WatchOfGrants(config))
    settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("tests")
