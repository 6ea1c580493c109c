"""The console in a browser: API keys from their creation to their end, and that a key is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

ADMIN = "images:admin"


def status_with(stack: Stack, key: str, *, method: str = "GET", owner: str | None = None) -> int:
    """The status of a request with a key."""
    headers = {"Authorization": f"Bearer {key}"} | ({"Image-Store-Owner": owner} if owner else {})
    return httpx.request(method, f"{stack.api_url}/v1/images", headers=headers, timeout=40).status_code


def new_key(page: Page) -> str:
    """The key that the page shows."""
    return page.get_by_role("textbox", name="API key").input_value()


def test_a_key_is_created_rotated_and_revoked_and_each_secret_is_shown_once(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    page = pages.open("#/keys", owner=f"keys-{uuid4()}")
    expect(page.get_by_text("No keys yet.")).to_be_visible()

    page.get_by_label("Name").fill("nightly job")
    page.get_by_label("Store, change and delete images").uncheck()
    page.get_by_label("Expires").select_option("In 90 days")
    page.get_by_role("button", name="Create key").click()
    row = page.get_by_role("row", name="nightly job")
    expect(row).to_contain_text("Active")
    expect(row).to_contain_text("images:read")
    first = new_key(page)
    look(page, "keys-new")
    assert (status_with(stack, first), status_with(stack, first, method="POST")) == (200, 403)

    row.get_by_role("button", name="Rotate nightly job").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    expect(page.get_by_text("The old key works until")).to_be_visible()
    second = new_key(page)
    assert second != first
    assert (status_with(stack, second), status_with(stack, first)) == (200, 200)

    row.get_by_role("button", name="Revoke nightly job").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("Revoked")
    expect(row.get_by_role("button")).to_have_text(["Limits and usage"])

    page.reload()
    expect(page.get_by_role("row", name="nightly job")).to_contain_text("Revoked")
    for key in (first, second):
        assert (
            key[-20:] not in page.content()
        )  # the end of its secret, which may have any character of base64


def test_the_limits_of_a_key_are_changed_and_its_usage_is_shown(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    page = pages.open("#/keys", owner=f"keys-{uuid4()}")
    page.get_by_label("Name").fill("importer")
    page.get_by_role("button", name="Create key").click()
    key = new_key(page)
    page.get_by_role("button", name="Limits and usage importer").click()
    details = page.get_by_role("region", name="Limits and usage of importer")
    expect(details).to_be_focused()
    expect(details).to_contain_text("Nothing was used.")

    details.get_by_label("Requests a minute").fill("2")
    details.get_by_label("Dollars a day").fill("0.5")
    details.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("The limits are saved.")).to_be_visible()

    assert [status_with(stack, key) for _ in range(3)] == [200, 200, 429]
    page.reload()
    page.get_by_role("button", name="Limits and usage importer").click()
    expect(details.get_by_label("Requests a minute")).to_have_value("2")
    expect(details.get_by_label("Dollars a day")).to_have_value("0.5")
    expect(details.get_by_role("row", name="All days")).to_contain_text("2")
    look(page, "key-details")

    details.get_by_label("Requests a minute").fill("0")
    details.get_by_role("button", name="Save limits").click()
    expect(details.get_by_label("Requests a minute")).to_be_focused()  # the browser says what is wrong
    details.get_by_label("Requests a minute").fill("")
    details.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("The limits are saved.").last).to_be_visible()


def test_an_admin_creates_a_key_that_acts_for_owners_and_sees_the_keys_of_all(
    pages: Pages, stack: Stack
) -> None:
    name = f"backend {uuid4()}"
    page = pages.open("#/keys", owner="admin", scope=ADMIN)

    page.get_by_label("Name").fill(name)
    page.get_by_label("Act for any owner").check()
    page.get_by_label("Owner", exact=True).fill(f"service-{uuid4()}")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("This is the new key")).to_be_visible()
    assert status_with(stack, new_key(page), owner="somebody") == 200

    expect(page.get_by_role("row", name=name)).to_have_count(0)
    page.get_by_label("Keys of all owners").check()
    expect(page.get_by_role("row", name=name)).to_be_visible()


def test_a_user_finds_no_rights_of_admins_and_a_refusal_is_said_in_words(pages: Pages) -> None:
    page = pages.open("#/keys", owner=f"keys-{uuid4()}")

    expect(page.get_by_label("Act for any owner")).to_have_count(0)
    expect(page.get_by_label("Keys of all owners")).to_have_count(0)
    page.get_by_label("Name").fill("no rights")
    for scope in ("See and download images", "Store, change and delete images"):
        page.get_by_label(scope).uncheck()
    page.get_by_role("button", name="Create key").click()

    expect(page.get_by_role("alert")).to_contain_text("scopes")
