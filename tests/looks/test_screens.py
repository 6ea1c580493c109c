"""The main screens look as they did, in both themes, on a telephone and on a desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.looks.comparison import MOST_DIFFERENCE, REFERENCES, most_difference, reduced
from tests.looks.played_store import PICTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

PHONE = (360, 740)
DESK = (1440, 900)


@dataclass(frozen=True)
class Screen:
    """A screen, how it comes to its state, and what the store answers to it."""

    name: str
    address: str
    act: Callable[[Page], object]
    answers: dict[str, Any] = field(default_factory=dict)


def has_months(page: Page) -> None:
    """The gallery has its pictures and its bar of dates."""
    expect(page.get_by_role("slider", name="Date")).to_be_visible()


SCREENS = [
    Screen("gallery", "", has_months),
]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_looks_as_it_did(
    screen: Screen, scheme: str, size: tuple[int, int], check: Callable[..., None]
) -> None:
    check(screen.name, screen.address, screen.answers, size=size, scheme=scheme, act=screen.act)
