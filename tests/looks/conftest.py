"""Screens of the console in Chromium, with a store that always answers the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import running_chromium
from tests.looks.comparison import check_looks
from tests.looks.played_store import NOW, ONE_FONT, ORIGIN, PlayedStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser, Page

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
def check(browser: Browser) -> Iterator[Callable[..., None]]:
    """`check(name, address, answers, size=, scheme=, act=)` opens a screen and compares it with its reference."""
    opened = []

    def check_screen(
        name: str,
        address: str,
        answers: Mapping[str, Any],
        *,
        size: tuple[int, int],
        scheme: str,
        act: Callable[[Page], object],
    ) -> None:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            has_touch=False,
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
            bypass_csp=True,
        )
        opened.append(context)
        context.set_default_timeout(LOAD_MS)
        page = context.new_page()
        page.clock.set_fixed_time(NOW)
        page.add_init_script(
            f"sessionStorage.setItem('image-store.session', {json.dumps(json.dumps(SESSION))})"
        )
        PlayedStore(answers).put_into(page)
        page.goto(f"{ORIGIN}/{address}")
        page.add_style_tag(content=ONE_FONT)
        act(page)
        page.evaluate("document.fonts.ready")
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        check_looks(f"{name}-{scheme}-{width}", page.screenshot(animations="disabled"))

    yield check_screen
    for context in opened:
        context.close()
