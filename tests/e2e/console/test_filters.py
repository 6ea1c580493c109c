"""Filters of the console: what fields suggest, searches that are kept, and how many images fit (I3)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from playwright.sync_api import expect

from tests.e2e.console.conftest import PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.test_bringing import STANDARDS, faults_of
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages


def suggestions(page: Page) -> Locator:
    """What the field with the focus suggests."""
    return page.locator(".suggestions:popover-open [role=option]")


def test_a_field_suggests_with_the_keyboard_and_a_search_is_kept_under_a_name(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"filtering-{uuid4()}"
    with stack.http(owner) as client:
        for number in range(3):
            category = "landscape" if number else "sky"
            upload(client, landscape_jpeg(number, size=(360, 240)), category=category, filename="hills.jpg")
    page = pages.open(owner=owner, locale="en-IE")  # a window for itself: searches are kept there
    expect(page.locator(".result-count")).to_have_text("3 images")
    page.get_by_role("button", name="Filters").click()
    provider = page.get_by_role("combobox", name="Provider")

    provider.press_sequentially("oo")
    expect(suggestions(page)).to_have_text(["Google"])
    expect(provider).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(suggestions(page)).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(suggestions(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(suggestions(page)).to_have_attribute("aria-selected", "true")
    look(page, "suggestions-light-1280")
    assert faults_of(page, STANDARDS) == []
    page.keyboard.press("Enter")
    expect(provider).to_have_value("google")
    expect(page.locator(".tile")).to_have_count(3)  # Enter took the suggestion, and sent no form.

    provider.fill("")
    page.get_by_role("combobox", name="Category").fill("landscape")
    page.get_by_role("combobox", name="Category").press("Enter")
    expect(page.locator(".tile")).to_have_count(2)
    expect(page.locator(".result-count")).to_have_text("2 images")
    page.get_by_role("button", name="Filters (1)").click()
    page.get_by_label("Save this search as").fill("<i>Hills</i>")
    page.get_by_role("button", name="Save", exact=True).click()
    assert faults_of(page, STANDARDS) == []

    page.goto(f"{stack.api_url}/#/search?q=hills.jpg")
    expect(page.locator(".result-count")).to_have_text("3 images")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("link", name="<i>Hills</i>").click()
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("button", name="Filters (1)").click()
    again = page.get_by_role("combobox", name="Category")
    again.fill("")
    again.click()
    expect(suggestions(page)).to_have_text(["landscape"])
    suggestions(page).click()
    expect(again).to_have_value("landscape")
    page.get_by_role("button", name="Forget the search <i>Hills</i>").click()
    expect(page.get_by_label("Save this search as")).to_have_value("landscape")


def test_filters_fit_a_phone_in_the_dark_and_other_people_find_no_searches_of_others(
    pages: Pages, look: Callable[[Page, str], None]
) -> None:
    of_somebody = '[{"name": "Of somebody", "address": "/?tag=x"}]'
    somebody = f"phone-{uuid4()}"
    page = pages.open(
        "#/?category=none",
        owner=f"phone-{uuid4()}",
        size=PHONE,
        scheme="dark",
        prepare=lambda page: page.add_init_script(
            f"localStorage.setItem('image-store.searches.{somebody}', {of_somebody!r})"
        ),
    )
    expect(page.get_by_role("heading", name="No image fits these filters")).to_be_visible()
    page.get_by_role("button", name="Filters (1)").click()
    expect(page.get_by_label("Save this search as")).to_be_visible()
    expect(page.get_by_text("Of somebody")).to_have_count(0)

    page.get_by_role("combobox", name="Provider").fill("o")
    expect(suggestions(page).first).to_be_visible()
    look(page, "suggestions-dark-360")

    assert faults_of(page, STANDARDS) == []
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
