"""The main screens look as they did, fit and keep the rules of accessibility: both themes, telephone to wide screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.console.test_bringing import OF_LOOKS, STANDARDS, faults_of
from tests.looks.comparison import MOST_DIFFERENCE, check_looks, most_difference, reduced
from tests.looks.screens import SCREENS, Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

SIZES = [(360, 740), (820, 1180), (1440, 900), (2560, 1440)]
AXE_WIDTHS = (360, 1440)
FULLY = ("light", 1440)
"""What does not depend on colours and sizes is looked at once."""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 150))))"
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_looks_as_it_did_fits_and_is_accessible(
    screen: Screen, open_screen: Callable[[Screen], Page]
) -> None:
    page = open_screen(screen)
    faults = []

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(SETTLED)
            page.wait_for_function("[...document.images].every((image) => image.complete)")
            faults += check_looks(f"{screen.name}-{scheme}-{width}", page.screenshot(animations="disabled"))
            if page.evaluate(TOO_WIDE) > 0:
                faults.append(f"{screen.name} is wider than {width} pixels")
            if width in AXE_WIDTHS:
                faults += faults_of(page, STANDARDS if (scheme, width) == FULLY else OF_LOOKS)

    assert faults == []


def test_a_button_that_moves_a_little_is_noticed(open_screen: Callable[[Screen], Page]) -> None:
    page = open_screen(SCREENS[0])
    page.set_viewport_size({"width": 1440, "height": 900})
    page.evaluate(SETTLED)
    before = page.screenshot(animations="disabled")

    page.get_by_role("link", name="Upload").first.evaluate(
        "(button) => { button.style.marginRight = '12px'; }"
    )

    assert most_difference(reduced(page.screenshot()), reduced(before)) > MOST_DIFFERENCE
