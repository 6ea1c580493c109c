"""How tests are spread over workers, and what watches them."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.roles.plugin import WatchOfGrants

TOGETHER = (
    "tests/golden/",  # they share a browser
    "tests/e2e/test_browser_uploads.py",  # it has a stack of its own
    "tests/e2e/test_private_gallery.py",  # so has it
    "tests/e2e/",  # they share a stack, which takes longer to start than most of them take
    "tests/template/test_artefact.py",  # one build for all of them
    "tests/typescript/",  # they share a build
    "tests/benchmarks/test_growth_counts.py",  # one table full of images
    "tests/unit/imaging/test_hostile.py",  # one process finds out what became of the files
)
"""What one worker runs; everything else goes to whoever is free."""


class Spreading(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Each test is by itself, but for those that have to be together.

    `--dist loadgroup` is meant for this, and groups nothing: with pytest 9, xdist 3.8 sets a name that nobody reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading:
    """Spread the tests our way; the groups come first, the largest at the very beginning."""
    return Spreading(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Watch what functions use of their roles."""
    config.pluginmanager.register(WatchOfGrants(config))
