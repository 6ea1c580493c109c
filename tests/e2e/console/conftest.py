"""A real browser on the running stack: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.chromium import running_chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

    from tests.e2e.conftest import Stack

SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "screenshots"
DESKTOP = (1280, 860)
PHONE = (360, 740)
WAIT_MS = 20_000  # a function that nobody called yet starts first
A_LONG_TIME_MS = 3_600_000
NOT_A_SUCCESS = "Failed to load resource"
"""How Chromium reports in the console that an answer was no success, whatever the page makes of it."""

expect.set_options(timeout=WAIT_MS)


class Windows:
    """Browser contexts, one a kind: pages of the same one share a cache, so files are fetched once."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: dict[str, BrowserContext] = {}

    def of(self, **options: Any) -> BrowserContext:
        """The context with these options."""
        kind = repr(sorted(options.items()))
        if kind not in self._contexts:
            self._contexts[kind] = self._browser.new_context(**options)
            self._contexts[kind].set_default_timeout(WAIT_MS)
        return self._contexts[kind]


class Pages:
    """Opens pages of the console, and notes what goes wrong in them."""

    def __init__(self, windows: Windows, stack: Stack) -> None:
        self._windows = windows
        self._stack = stack
        self._opened: list[Page] = []
        self.faults: list[str] = []

    def open(
        self,
        address: str = "",
        *,
        owner: str | None = None,
        scope: str = "",
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        prepare: Callable[[Page], object] = lambda _: None,
        **options: Any,
    ) -> Page:
        """Open an address as an owner, or as a stranger; `prepare` sees the page before it loads."""
        viewport = {"width": size[0], "height": size[1]}
        page = self._windows.of(viewport=viewport, color_scheme=scheme, **options).new_page()
        self._opened.append(page)
        page.on("console", self._note)
        page.on("pageerror", self._note_error)
        if owner is not None:
            page.add_init_script(self._session(owner, scope))
        prepare(page)
        page.goto(f"{self._stack.api_url}/{address}")
        return page

    def close(self) -> None:
        """Close every page."""
        for page in self._opened:
            page.close()

    def _session(self, owner: str, scope: str) -> str:
        expires = round(time.time() * 1000) + A_LONG_TIME_MS
        session = {"token": self._stack.token(owner, scope=scope), "expires": expires}
        return f"sessionStorage.setItem('image-store.session', {json.dumps(json.dumps(session))})"

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(NOT_A_SUCCESS):
            self.faults.append(message.text)

    def _note_error(self, error: Error) -> None:
        self.faults.append(str(error))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Windows:
    """Where pages are opened."""
    return Windows(browser)


@pytest.fixture
def pages(windows: Windows, stack: Stack) -> Iterator[Pages]:
    """Pages of the console; none of them may have failed at the end of a test."""
    opened = Pages(windows, stack)
    yield opened
    opened.close()
    assert opened.faults == []


@pytest.fixture
def look() -> Callable[[Page, str], None]:
    """Keep a picture of a page under build/screenshots, for people to look at."""

    def take_screenshot(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return take_screenshot
