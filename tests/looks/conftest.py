"""Screens of the console in Chromium, with a store that always answers the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.chromium import running_chromium
from tests.looks.played_store import NOW, ONE_FONT, ORIGIN, PlayedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.looks.screens import Screen

LOAD_MS = 60_000
SAME_EVERYWHERE = ("--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb")
SESSION = {
    "token": "e30.eyJzdWIiOiJhbm5hIiwic2NvcGUiOiIifQ.e30",
    "idToken": "e30.eyJuYW1lIjoiQW5uYSJ9.e30",
    "expires": 4_102_444_800_000,
}
"""Of Anna, who is no admin. The played store does not look at it."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium(*SAME_EVERYWHERE) as browser:
        yield browser


@pytest.fixture
def open_screen(browser: Browser) -> Iterator[Callable[[Screen], Page]]:
    """Opens a screen in its state, and asks of it that the store is played for all that it requests."""
    opened: list[tuple[BrowserContext, PlayedStore]] = []

    def open_one(screen: Screen) -> Page:
        context = browser.new_context(
            locale="en-GB", timezone_id="UTC", reduced_motion="reduce", bypass_csp=True
        )
        context.set_default_timeout(LOAD_MS)
        store = PlayedStore(screen.answers)
        opened.append((context, store))
        page = context.new_page()
        page.clock.set_fixed_time(NOW)
        page.add_init_script(
            f"sessionStorage.setItem('image-store.session', {json.dumps(json.dumps(SESSION))})"
        )
        store.put_into(page)
        page.goto(f"{ORIGIN}/{screen.address}")
        page.add_style_tag(content=ONE_FONT)
        screen.act(page)
        return page

    yield open_one
    for context, store in opened:
        context.close()
        assert store.missing == []
