"""The console without a connection, and on a slow one: what was seen stays, and what was begun goes on (F1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from playwright.sync_api import expect

from tests.e2e.console.files import picture
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.test_bringing import faults_of
from tests.e2e.test_images import list_ids, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

OFFLINE = "You are offline. What you saw stays, and uploads wait."


def tray(page: Page) -> Any:
    """What the tray says of all files."""
    return page.locator(".tray h2")


def test_what_was_seen_stays_and_uploads_wait_while_there_is_no_connection(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"offline-{uuid4()}"
    with stack.http(owner) as client:
        for number in range(3):
            upload(client, landscape_jpeg(number, size=(320, 240)), title=f"Hills {number}")
    page = pages.open(owner=owner, locale="en-AU")  # a window of its own, as it goes offline
    expect(page.locator(".tile.is-loaded")).to_have_count(3)
    page.get_by_role("link", name="Hills 1").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/upload'")
    expect(page.get_by_role("heading", name="Upload")).to_be_visible()

    page.context.set_offline(offline=True)
    expect(page.get_by_text(OFFLINE)).to_be_visible()
    page.get_by_label("Pick files").set_input_files([picture("later.jpg", number=9)])
    expect(tray(page)).to_contain_text("Waiting · 0 of 1")

    page.evaluate("location.hash = '#/'")
    expect(page.locator(".tile.is-loaded")).to_have_count(3)
    look(page, "offline")
    assert faults_of(page) == []
    page.get_by_role("link", name="Hills 1").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.get_by_label("Public", exact=True).dispatch_event("click")
    expect(
        page.get_by_text("The store cannot be reached. Check the connection and try again.")
    ).to_be_visible()
    page.keyboard.press("Escape")

    page.evaluate("location.hash = '#/jobs'")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.context.set_offline(offline=False)
    expect(page.get_by_role("heading", name="No job yet")).to_be_visible()
    expect(page.get_by_text(OFFLINE)).to_have_count(0)
    expect(tray(page)).to_have_text("1 upload finished")
    with stack.http(owner) as client:
        assert len(list_ids(client)) == 4


def test_an_upload_whose_answer_is_lost_is_sent_again_by_itself_and_stored_once(
    pages: Pages, stack: Stack
) -> None:
    owner = f"lost-{uuid4()}"
    keys: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            return route.continue_()
        route.fetch()  # The store has it; the answer goes nowhere.
        return route.abort()

    page = pages.open(
        "#/upload",
        owner=owner,
        prepare=lambda page: page.route(re.compile(r"/v1/images\?"), lose_the_first_answer),
    )
    page.get_by_label("Pick files").set_input_files([picture()])

    expect(tray(page)).to_have_text("1 upload finished")
    assert keys == [keys[0]] * 2
    with stack.http(owner) as client:
        assert len(list_ids(client)) == 1


def test_an_answer_that_takes_long_is_shown_to_be_under_way(pages: Pages) -> None:
    waiting: list[Route] = []

    page = pages.open(
        owner="slow",
        prepare=lambda page: page.route(re.compile(r"/v1/shares"), lambda route: waiting.append(route)),
    )
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    line = page.get_by_role("progressbar", name="Waiting for the store")
    expect(line).to_have_count(0)
    page.evaluate("location.hash = '#/shares'")
    expect(line).to_be_visible()
    assert faults_of(page) == []
    for route in waiting:
        route.continue_()

    expect(page.get_by_role("heading", name="No share yet")).to_be_visible()
    expect(line).to_be_hidden()
