"""The console in a browser: how other software uses the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

CLIENTS = {
    "OpenAI SDK for Python",
    "OpenAI SDK for JavaScript",
    "Open WebUI",
    "LiteLLM",
    "Claude Code",
    "Cursor",
    "VS Code",
}
CLIPBOARD = ["clipboard-read", "clipboard-write"]
STORED = """() => JSON.stringify([
    { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state
])"""


def violations_in(page: Page) -> list[str]:
    """What axe-core finds wrong with a page."""
    options = {
        "resultTypes": ["violations"],
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    }
    return [rule["id"] for rule in Axe().run(page, options=options).response["violations"]]


def copied(page: Page, name: str) -> str:
    """What the button of a configuration copies; it says so to screen readers.

    The message about an earlier copy of the same lines may still be there, so the clipboard is emptied first, and read
    when it has something.
    """
    page.evaluate("navigator.clipboard.writeText('')")
    page.get_by_role("button", name=f"Copy: {name}", exact=True).click()
    text: str = page.wait_for_function("() => navigator.clipboard.readText()").json_value()
    expect(page.get_by_role("status").get_by_text(f"{name}: copied.").last).to_be_visible()
    return text


def test_a_key_is_created_and_is_in_the_lines_that_are_copied_and_nowhere_else(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    logged: list[str] = []
    page = pages.open(
        owner=f"connect-{uuid4()}",
        permissions=CLIPBOARD,
        prepare=lambda page: page.on("console", lambda message: logged.append(message.text)),
    )
    page.get_by_role("link", name="Connect").click()
    expect(page.get_by_role("textbox", name="Address: MCP server")).to_have_value(f"{stack.api_url}/mcp")
    openai_url = page.get_by_role("textbox", name="Address: OpenAI endpoint").input_value()
    assert openai_url == f"{stack.api_url}/openai/v1"
    assert "${IMAGE_STORE_KEY}" in copied(page, "Claude Code")

    page.get_by_label("Name").fill("my assistant")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("group", name="New key")).to_be_focused()
    key = page.get_by_role("textbox", name="API key").input_value()
    look(page, "connect-new")

    lines = {name: copied(page, name) for name in CLIENTS}
    assert {name for name, text in lines.items() if key not in text} == {"VS Code"}
    assert json.loads(lines["Cursor"])["mcpServers"]["images"]["headers"] == {
        "Authorization": f"Bearer {key}"
    }
    assert violations_in(page) == []
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{openai_url}/models", headers=headers, timeout=40).status_code == 200
    assert httpx.get(f"{stack.api_url}/v1/images", headers=headers, timeout=40).status_code == 200
    assert key not in page.evaluate(STORED)
    assert not any(key in text for text in logged)

    page.get_by_role("link", name="API keys", exact=True).first.click()
    expect(page.get_by_role("row", name="my assistant")).to_contain_text("generations:write")
    page.go_back()
    expect(page.get_by_role("heading", name="Cursor")).to_be_visible()
    assert key not in page.content()
    assert "${IMAGE_STORE_KEY}" in copied(page, "Claude Code")


def test_a_stranger_sees_the_addresses_and_where_a_key_belongs(pages: Pages) -> None:
    page = pages.open("#/connect")

    expect(page.get_by_text("Sign in to create a key here.")).to_be_visible()
    expect(page.get_by_role("region", name="Open WebUI")).to_contain_text("IMAGES_OPENAI_API_KEY=isk_…")
    expect(page.get_by_role("button", name="Create key")).to_have_count(0)


def test_a_deployment_without_an_openai_endpoint_says_so(pages: Pages) -> None:
    def prepare(page: Page) -> None:
        def answer(route: Route) -> None:
            route.fulfill(json=route.fetch().json() | {"openai_url": None})

        page.route("**/config.json", answer)

    page = pages.open("#/connect", prepare=prepare)

    expect(page.get_by_text("this deployment has none")).to_be_visible()
    expect(page.get_by_role("region", name="Claude Code")).to_be_visible()
    expect(page.get_by_role("region", name="Open WebUI")).to_have_count(0)


def test_addresses_that_cannot_be_read_can_be_asked_for_again(pages: Pages) -> None:
    page = pages.open(
        "#/connect", prepare=lambda page: page.route("**/config.json", lambda route: route.abort(), times=1)
    )

    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("region", name="Cursor")).to_be_visible()
