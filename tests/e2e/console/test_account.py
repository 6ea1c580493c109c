"""The console in a browser: an account with its figures, a token for uploads, and what has happened."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.console.conftest import DESKTOP, PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LARGE_DESKTOP = (1440, 1000)
BUSY_EVENTS = 1_000
CALM_EVENTS = 3


def faults_of(page: Page) -> list[str]:
    """What axe-core finds wrong with a page, and whether it is wider than the window."""
    options = {"resultTypes": ["violations"], "runOnly": RULES}
    violations = Axe().run(page, options=options).response["violations"]
    width, space = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    return [f"{rule['id']}: {node['target']}" for rule in violations for node in rule["nodes"]] + (
        [f"{width} px wide"] if width > space else []
    )


def lines_of(page: Page) -> list[str]:
    """What the list of events says, without times."""
    return page.locator(".event-text > :first-child").all_inner_texts()


@pytest.mark.parametrize(
    ("size", "scheme"), [(LARGE_DESKTOP, "light"), (PHONE, "dark")], ids=["light", "dark"]
)
def test_an_account_shows_its_figures_makes_a_token_and_says_what_happened(
    pages: Pages,
    stack: Stack,
    look: Callable[[Page, str], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    owner = f"account-{uuid4()}"
    with stack.http(owner) as http:
        first, second, third = (
            upload(http, landscape_jpeg(number), title="Lake")["id"] for number in range(3)
        )
        http.patch(f"/v1/images/{first}", json={"rating": 5, "tags": ["calm"]}).raise_for_status()
        http.patch(f"/v1/images/{second}", json={"visibility": "public"}).raise_for_status()
        http.delete(f"/v1/images/{third}").raise_for_status()
        http.post("/v1/keys", json={"name": "job", "scopes": ["images:read"]}).raise_for_status()
        http.post("/v1/shares", json={"all": True, "expires_in": 3600}).raise_for_status()
        _wait_for_events(http, 7)
        while http.get("/v1/stats").raise_for_status().json()["images"] < 3:
            time.sleep(0.3)
    page = pages.open("#/account", owner=owner, size=size, scheme=scheme)

    for name, figure in (("API keys", "1 active"), ("Shares", "1 active"), ("Webhooks", "None active")):
        expect(page.get_by_role("navigation", name="Account").get_by_role("link", name=name)).to_contain_text(
            figure
        )
    figures = page.locator(".figures")
    expect(figures).to_contain_text("Images, the trash included")
    expect(figures.get_by_text("No limit").first).to_be_visible()
    page.get_by_text("The last 30 days", exact=True).click()
    expect(page.get_by_role("region", name="Usage by day").locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("This is all of the last 30 days.")).to_be_visible()
    assert sorted(lines_of(page)) == [
        "Image made public",
        "Image moved to the trash",
        "Tags and rating changed",
        *["Upload stored"] * 3,
        "Visibility changed",
    ]
    look(page, f"account-{scheme}")
    assert faults_of(page) == []

    form = page.locator("form", has=page.get_by_role("button", name="Create token"))
    form.get_by_label("Images", exact=True).fill("2")
    form.get_by_label("Ends after").select_option("15 minutes")
    form.get_by_label("Tags").fill("guest, party")
    form.get_by_label("Album").fill("summer")
    form.get_by_label("PNG").uncheck()
    form.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("region", name="New token")).to_be_focused()
    token = page.get_by_role("textbox", name="Upload token").input_value()
    look(page, f"account-token-{scheme}")
    assert faults_of(page) == []
    authorization = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.api_url, headers=authorization, timeout=40) as guest:
        stored = upload(guest, landscape_jpeg(7))
        refused = guest.get("/v1/images")
    with stack.http(owner) as http:
        image = http.get(f"/v1/images/{stored['id']}").json()
        _wait_for_events(http, 8)
    assert (image["tags"], image["groups"]) == (["guest", "party"], {"album": ["summer"]})
    assert refused.status_code in {401, 403}

    for kind in ("JPG", "GIF", "WEBP", "AVIF"):
        form.get_by_label(kind).uncheck()
    form.get_by_role("button", name="Create token").click()
    expect(form.get_by_role("alert")).to_have_text("Choose at least one format.")

    page.get_by_label("Show", exact=True).select_option("An image has changed")
    expect(page.locator(".event")).to_have_count(2)
    assert lines_of(page) == ["Visibility changed", "Tags and rating changed"]
    look(page, f"account-activity-{scheme}")
    page.get_by_role("link", name="Tags and rating changed").click()
    expect(page.get_by_role("dialog").get_by_role("heading", name="Lake")).to_be_visible()
    page.go_back()
    page.get_by_role("navigation", name="Account").get_by_role("link", name="API keys").click()
    expect(page.get_by_role("heading", name="API keys", exact=True)).to_be_visible()


def _wait_for_events(http: httpx.Client, number: int) -> None:
    """Wait until so many events are in the feed: they follow their changes within seconds."""
    place: dict[str, Any] = {}
    while number > 0:
        page = http.get("/v1/events", params={"wait": 20, "limit": 100, **place}).raise_for_status().json()
        number -= len(page["items"])
        place = {"after": page["next_cursor"]}


class BusyLog:
    """An event log in the order of the API: many events within an hour of yesterday, and a few of three weeks ago."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        busy = [now - timedelta(days=1, milliseconds=2_000 * number) for number in range(BUSY_EVENTS)]
        calm = [now - timedelta(days=21, hours=number) for number in range(CALM_EVENTS)]
        self.events = [
            {
                "id": str(number),
                "type": "image.trashed",
                "created_at": at.isoformat().replace("+00:00", "Z"),
                "owner_id": "busy",
                "data": {"image_id": f"i{number}", "version": 2, "kind": "upload", "visibility": "private"},
            }
            for number, at in enumerate(sorted([*busy, *calm]))
        ]
        self.requests = 0

    def answer(self, route: Route) -> None:
        """A page after a place, or since a time."""
        self.requests += 1
        query = parse_qs(urlsplit(route.request.url).query)
        since = query.get("since", [""])[0]
        first = int(query["after"][0]) if "after" in query else None
        if first is None:
            first = next(
                (index for index, event in enumerate(self.events) if str(event["created_at"]) >= since),
                len(self.events),
            )
        end = min(first + int(query["limit"][0]), len(self.events))
        body = {
            "items": self.events[first:end],
            "next_cursor": str(end),
            "has_more": end < len(self.events),
        }
        route.fulfill(json=body)


def test_a_busy_log_is_read_backwards_without_reading_all_of_it_first(pages: Pages) -> None:
    log = BusyLog()
    page = pages.open(
        "#/account",
        owner="account-busy",
        size=DESKTOP,
        prepare=lambda page: page.route("**/v1/events?*", log.answer),
    )
    more = page.get_by_role("button", name="Show earlier")
    expect(more).to_be_visible()
    first = page.locator(".event a").first.get_attribute("href")
    shown, requests = page.locator(".event").count(), log.requests

    while more.count():
        more.click()
        expect(page.get_by_text("Loading …")).to_have_count(0)

    addresses = page.locator(".event a").evaluate_all(
        "links => links.map((link) => link.getAttribute('href'))"
    )
    newest_first = [f"#/images/i{number}" for number in reversed(range(BUSY_EVENTS + CALM_EVENTS))]
    assert first == newest_first[0]
    assert 30 <= shown < BUSY_EVENTS / 2
    assert requests <= 60
    assert addresses == newest_first
