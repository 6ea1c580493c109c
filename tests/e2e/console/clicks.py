"""What somebody does to a page, counted: a task in few clicks is a demand of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Clicks:
    """Clicks, and keys that are pressed; the letters of a word are one more together."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.count = 0

    def click(self, element: Locator, **options: Any) -> None:
        """Click, with modifiers perhaps."""
        element.click(**options)
        self.count += 1

    def press(self, key: str) -> None:
        """Press a key, with its modifiers."""
        self._page.keyboard.press(key)
        self.count += 1

    def write(self, text: str) -> None:
        """Type a word."""
        self._page.keyboard.type(text)
        self.count += 1


def select_first(page: Page, number: int, clicks: Clicks) -> None:
    """Select so many pictures from the first one on: the tick of one, and with Shift another."""
    page.evaluate("scrollTo(0, 0)")
    tiles = page.locator(".tile")
    tiles.first.hover()
    clicks.click(tiles.first.get_by_role("checkbox"))
    clicks.click(tiles.nth(number - 1).get_by_role("checkbox"), modifiers=["Shift"])


def publish(page: Page, number: int) -> int:
    """Publish so many pictures of a gallery that is open; the clicks that it takes."""
    clicks = Clicks(page)
    select_first(page, number, clicks)
    clicks.click(page.get_by_role("button", name="Visibility"))
    clicks.click(page.get_by_role("button", name="Publish: for everybody"))
    return clicks.count


def copy_embed_code(page: Page) -> int:
    """Copy the HTML of the first picture of a gallery that is open; the clicks that it takes."""
    clicks = Clicks(page)
    clicks.click(page.locator(".tile").first)
    clicks.click(page.get_by_role("button", name="Copy", exact=True))
    clicks.click(page.get_by_role("button", name="HTML"))
    return clicks.count


def add_tag(page: Page, number: int, tag: str) -> int:
    """Tag so many pictures of a gallery that is open; the clicks and keys that it takes."""
    clicks = Clicks(page)
    select_first(page, number, clicks)
    clicks.click(page.get_by_role("button", name="Tags"))
    page.get_by_label("Add tags").wait_for()
    clicks.write(tag)
    clicks.press("Enter")
    return clicks.count
