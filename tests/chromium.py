"""The Chromium of this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright


def chromium_path() -> str | None:
    """Where it is; None when there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def running_chromium(*arguments: str) -> Iterator[Browser]:
    """The browser while it runs; without one the tests are skipped, but not where everything must run."""
    path = chromium_path()
    if path is None and os.environ.get("CI"):
        pytest.fail("There is no browser: install Debian's package chromium.")
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=arguments) as browser,
    ):
        yield browser
