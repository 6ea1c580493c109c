"""The main screens of the console: how each comes to its state, and what the store answers to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


@dataclass(frozen=True)
class Screen:
    """A screen; `act` brings it into the state that is looked at."""

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
