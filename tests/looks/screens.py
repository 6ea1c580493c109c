"""The main screens of the console: how each comes to its state, and what the store answers to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.e2e.console.stand_ins import JOB_ID
from tests.looks import answers

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


def has(selector: str) -> Callable[[Page], object]:
    """Something is there, and nothing is being loaded."""

    def wait(page: Page) -> None:
        expect(page.locator(selector).first).to_be_visible()
        expect(page.get_by_text("Loading")).to_have_count(0)

    return wait


def is_open(page: Page) -> None:
    """An image is shown with its details."""
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Copy").first).to_be_visible()


def selects_three(page: Page) -> None:
    """Three images are selected."""
    has_months(page)
    for index in (1, 2, 4):
        tile = page.locator(".tile").nth(index)
        tile.hover()
        tile.get_by_role("checkbox").click()
    page.mouse.move(0, 0)
    expect(page.get_by_role("toolbar")).to_be_visible()


def shares_an_album(page: Page) -> None:
    """The dialog that shares an album."""
    has(".tile")(page)
    page.get_by_role("button", name="Share").first.click()
    expect(page.get_by_role("button", name="Create share")).to_be_visible()


IMAGE = answers.IMAGES.id_of(3)
SCREENS = [
    Screen("gallery", "", has_months),
    Screen("selection", "", selects_three, answers.GROUPS | answers.ALL_TAGS),
    Screen("viewer", f"#/images/{IMAGE}", is_open, answers.GROUPS),
    Screen("albums", "#/albums", has(".album, .cover"), answers.GROUPS),
    Screen("album", "#/groups/album%3A01ja", has(".tile"), answers.ALBUM),
    Screen("share", "#/groups/album%3A01ja", shares_an_album, answers.ALBUM),
    Screen("tags", "#/tags", has("main a"), answers.ALL_TAGS),
    Screen("trash", "#/trash", has(".tile"), answers.STATISTICS),
    Screen("upload", "#/upload", has("main form, main input")),
    Screen("generate", "#/generate", has("main form"), answers.GENERATING),
    Screen("job", f"#/jobs/{JOB_ID}", has("main li, main tr"), answers.JOB),
    Screen("shares", "#/shares", has("main table, main li"), answers.SHARED),
    Screen("account", "#/account", has("main h2"), answers.ACCOUNT),
]
