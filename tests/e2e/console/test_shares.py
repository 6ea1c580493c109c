"""The screen of shares: create, copy and revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect

from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

CLIPBOARD = ["clipboard-read", "clipboard-write"]


def copied(page: Page) -> str:
    """What the button of the first share copies."""
    page.get_by_role("button", name="Copy address").first.click()
    expect(page.locator(".notice", has_text="Link copied.").first).to_be_visible()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def shows(address: str) -> int:
    """The status that a stranger gets in the end."""
    return httpx.get(address, follow_redirects=True, timeout=40).status_code


def test_a_group_and_everything_are_shared_and_a_share_is_revoked(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    with stack.http("console-shares") as http:
        image_id = upload(http, group="album:summer")["id"]
    page = pages.open("#/shares", owner="console-shares", permissions=CLIPBOARD)
    expect(page.get_by_role("heading", name="No share yet")).to_be_visible()

    page.get_by_label("Shows").select_option("The images of a group")
    page.get_by_label("Group", exact=True).fill("album:summer")
    page.get_by_label("For", exact=True).select_option("A week")
    page.get_by_label("Name").fill("<b>Family</b>")
    page.get_by_role("button", name="Create share").click()
    expect(page.get_by_text("<b>Family</b>")).to_be_visible()
    of_group = copied(page)
    page.get_by_label("Shows").select_option("All my images, later ones too")
    page.get_by_label("Name").fill("")
    page.get_by_role("button", name="Create share").click()
    expect(page.locator(".item")).to_have_count(2)
    look(page, "shares")
    of_everything = copied(page)

    assert [shows(f"{prefix}/{image_id}/thumb") for prefix in (of_group, of_everything)] == [200, 200]
    page.get_by_role("button", name="Revoke").first.click()
    page.locator(".dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator(".state", has_text="Revoked")).to_have_count(1)
    page.reload()
    expect(page.locator(".state", has_text="Revoked")).to_have_count(1)
    expect(page.get_by_role("button", name="Revoke")).to_have_count(1)


def test_an_image_is_shared_from_its_details(pages: Pages, stack: Stack) -> None:
    with stack.http("console-shares-image") as http:
        image_id = upload(http)["id"]
    page = pages.open(f"#/images/{image_id}", owner="console-shares-image", permissions=CLIPBOARD)
    page.get_by_role("link", name="Share for longer").click()

    expect(page.get_by_label("Id of the image")).to_have_value(image_id)
    page.get_by_role("button", name="Create share").click()
    expect(page.locator(".item")).to_have_count(1)

    address = copied(page)
    assert address.endswith(f"/{image_id}/display")
    assert shows(address) == 200


def test_a_share_that_is_refused_says_why(pages: Pages) -> None:
    page = pages.open("#/shares?group=album", owner="console-shares-refused")
    page.get_by_role("button", name="Create share").click()

    expect(page.locator(".notice.is-problem", has_text="group")).to_be_visible()
    expect(page.locator(".item")).to_have_count(0)
