"""The console in a browser: webhooks from their creation to their end, beside an app that really receives them."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from botocore.exceptions import ClientError
from playwright.sync_api import expect

from image_store.adapters.dynamodb.items import text_time
from image_store_client.webhooks import verify
from tests.e2e.conftest import REMOTE_ADDRESS
from tests.e2e.console.conftest import DESKTOP, PHONE
from tests.e2e.test_images import upload
from tests.local_servers import LocalHandler, LocalServer
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from playwright.sync_api import Locator, Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

ADMIN = "images:admin"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SENT_MS = 60_000
"""The first event wakes a function that nobody has called yet, and events are sent again after 5 seconds."""
POLL_SECONDS = 0.25
MORE_THAN_A_PAGE = 22


class App(LocalServer):
    """An app that receives webhooks: it keeps what came, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 204
        self.received: list[tuple[dict[str, str], bytes]] = []
        app = self

        class Handler(LocalHandler):
            def do_POST(self) -> None:  # noqa: N802 - the name is that of the standard library
                with app.lock:
                    app.received.append((dict(self.headers), self.body()))
                self.answer(app.status)

        super().__init__(Handler, address=REMOTE_ADDRESS)

    @property
    def address(self) -> str:
        """Where it receives webhooks."""
        return f"{self.url}/hooks"

    def events(self, *secrets: str) -> list[dict[str, Any]]:
        """The events that came; each of the secrets has signed each of them."""
        for secret in secrets:
            for headers, body in self.received:
                verify(headers, body, secret)
        return [json.loads(body) for _, body in self.received]


@pytest.fixture
def app() -> Iterator[App]:
    with App() as app:
        yield app


@pytest.fixture
def owner() -> str:
    return f"webhooks-{uuid4()}"


def create(page: Page, address: str) -> str:
    """Create a webhook for all events; answer its secret."""
    page.get_by_label("Address").fill(address)
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("region", name="New secret")).to_be_focused()
    return secret_on(page)


def created_images(app: App) -> list[str]:
    """The images of which the app has heard that they are complete, in this order."""
    return [event["data"]["image_id"] for event in app.events() if event["type"] == "image.created"]


def secret_on(page: Page) -> str:
    """The secret that the page shows."""
    return page.get_by_role("textbox", name="Secret of the webhook").input_value()


def opened(page: Page, address: str) -> Locator:
    """The settings and deliveries of a webhook."""
    page.get_by_role("button", name=f"Settings and deliveries {address}").click()
    details = page.get_by_role("region", name="Settings and deliveries of")
    expect(details).to_be_focused()
    return details


def send_test(details: Locator) -> None:
    """Send a test event and wait until the page says what came of it."""
    details.get_by_role("button", name="Send a test event").click()
    expect(details.get_by_text(re.compile("The test event was"))).to_be_visible(timeout=SENT_MS)


def delivery_rows(details: Locator) -> Locator:
    """The rows of the deliveries on the page."""
    return details.get_by_role("region", name="Deliveries", exact=True).locator("tbody tr")


def webhook_of(http: httpx.Client) -> dict[str, Any]:
    """The one webhook of an owner."""
    [webhook] = http.get("/v1/webhooks").raise_for_status().json()["items"]
    known: dict[str, Any] = webhook
    return known


def eventually(check: Callable[[], bool]) -> None:
    """Wait until a check holds."""
    deadline = time.monotonic() + SENT_MS / 1000
    while not check():
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


def let_time_pass(stack: Stack, webhook_id: str, event_id: str) -> None:
    """Make an event as old as one that is not tried again once it has failed."""
    table = stack.client("dynamodb")
    key = {"pk": {"S": f"DELIVERIES#{webhook_id}"}, "sk": {"S": event_id}}
    old = text_time(datetime.now(UTC) - timedelta(days=4))

    def is_changed() -> bool:
        row = table.get_item(TableName=stack.described["table"], Key=key)["Item"]
        body = json.loads(row["delivery"]["S"]) | {"since": old}
        with suppress(ClientError):  # it was tried meanwhile
            table.update_item(
                TableName=stack.described["table"],
                Key=key,
                UpdateExpression="SET delivery = :new",
                ConditionExpression="delivery = :before",
                ExpressionAttributeValues={":before": row["delivery"], ":new": {"S": json.dumps(body)}},
            )
            return True
        return False

    eventually(is_changed)


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


def test_a_webhook_is_created_for_some_events_tested_and_its_secret_is_shown_once(
    pages: Pages, stack: Stack, owner: str, app: App
) -> None:
    page = pages.open("#/webhooks", owner=owner)
    expect(page.get_by_text("No webhooks yet.")).to_be_visible()
    page.get_by_label("Address").fill(app.address)
    page.get_by_label("Description").fill("my shop")
    page.get_by_label("All events, those of later versions too").uncheck()
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("alert")).to_have_text("Choose at least one kind of event.")
    page.get_by_label("An image is complete").check()
    page.get_by_label("An image is gone for good").check()
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("region", name="New secret")).to_be_focused()
    secret = secret_on(page)
    row = page.get_by_role("row", name="my shop")
    expect(row).to_contain_text("Enabled")
    expect(row).to_contain_text("image.created, image.deleted")
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.get_by_role("button", name="Copy secret").click()
    expect(page.get_by_text("Secret copied.")).to_be_visible()
    assert page.evaluate("window.copied") == secret

    details = opened(page, "my shop")
    expect(details).to_contain_text("No deliveries.")
    send_test(details)

    [event] = app.events(secret)
    expect(details.get_by_text(re.compile(r"was delivered\. Answer 204 after"))).to_be_visible()
    expect(delivery_rows(details)).to_have_count(1)
    expect(delivery_rows(details)).to_contain_text(event["id"])
    expect(delivery_rows(details)).to_contain_text("Delivered")
    page.reload()
    expect(page.get_by_role("row", name="my shop")).to_be_visible()
    assert secret not in page.content()


def test_a_webhook_is_changed_disabled_enabled_and_deleted(
    pages: Pages, stack: Stack, owner: str, app: App
) -> None:
    page = pages.open("#/webhooks", owner=owner)
    create(page, app.address)
    details = opened(page, app.address)
    details.get_by_label("Description").fill("renamed")
    details.get_by_label("All events, those of later versions too").uncheck()
    details.get_by_label("An image is public").check()
    details.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("The webhook is saved.")).to_be_visible()
    row = page.get_by_role("row", name="renamed")
    expect(row).to_contain_text("image.published")
    with stack.http(owner) as http:
        changed = webhook_of(http)
        assert (changed["description"], changed["types"]) == ("renamed", ["image.published"])

        row.get_by_role("button", name="Disable renamed").click()
        expect(row).to_contain_text("Its owner has disabled it.")
        expect(row.get_by_role("button", name="Enable renamed")).to_be_focused()
        assert webhook_of(http)["enabled"] is False
        details.get_by_role("button", name="Send a test event").click()
        expect(details.get_by_role("alert").filter(has_text="disabled")).to_be_visible()
        page.keyboard.press("Escape")
        row.get_by_role("button", name="Enable renamed").press("Enter")
        expect(row).to_contain_text("Enabled")
        assert webhook_of(http)["enabled"] is True

        row.get_by_role("button", name="Delete renamed").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(row).to_be_visible()
        row.get_by_role("button", name="Delete renamed").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No webhooks yet.")).to_be_visible()
        expect(details).to_be_hidden()
        expect(page.get_by_role("heading", name="Webhooks", exact=True)).to_be_focused()
        assert http.get("/v1/webhooks").json()["items"] == []


def test_an_app_that_fails_is_named_and_gets_its_event_again(
    pages: Pages, owner: str, app: App, look: Callable[[Page, str], None]
) -> None:
    app.status = 500
    page = pages.open("#/webhooks", owner=owner)
    create(page, app.address)
    details = opened(page, app.address)

    send_test(details)

    expect(
        details.get_by_text(re.compile(r"was not accepted\. Answer 500 after .* next attempt"))
    ).to_be_visible()
    expect(page.get_by_role("row", name=f"Disable {app.address}")).to_contain_text("Failing")
    expect(page.get_by_role("row", name=f"Disable {app.address}")).to_contain_text("Since")
    row = delivery_rows(details)
    expect(row).to_contain_text("Pending")
    expect(row).to_contain_text(re.compile(r"(in \d+ (seconds?|minutes?)|now)"))
    look(page, "webhook-failing")

    app.status = 204
    row.get_by_role("button", name="Send webhook.test").click()
    expect(page.get_by_text(re.compile("The event was delivered"))).to_be_visible(timeout=SENT_MS)
    expect(row).to_contain_text("Delivered")
    expect(page.get_by_role("row", name=f"Disable {app.address}")).to_contain_text("Enabled")


def test_events_that_failed_for_good_are_found_and_sent_again_together(
    pages: Pages, stack: Stack, owner: str, app: App
) -> None:
    app.status = 500
    page = pages.open("#/webhooks", owner=owner)
    secret = create(page, app.address)
    details = opened(page, app.address)
    send_test(details)
    with stack.http(owner) as http:
        webhook_id = webhook_of(http)["id"]
        let_time_pass(stack, webhook_id, app.events()[0]["id"])
        deliveries = f"/v1/webhooks/{webhook_id}/deliveries"
        eventually(lambda: bool(http.get(deliveries, params={"status": "failed"}).json()["items"]))
    app.status = 204
    send_test(details)

    details.get_by_label("Show").select_option("Failed")
    expect(delivery_rows(details)).to_have_count(1)
    expect(delivery_rows(details)).to_contain_text("Failed")
    details.get_by_role("button", name="Send all that failed again").click()
    expect(details.get_by_text("The replay has ended.")).to_be_visible(timeout=SENT_MS)

    eventually(lambda: app.events(secret)[-1]["id"] == app.events()[0]["id"])
    expect_after_refresh(details, "No deliveries.")
    details.get_by_label("Show").select_option("Delivered")
    expect(delivery_rows(details)).to_have_count(2)


def expect_after_refresh(details: Locator, words: str) -> None:
    """Refresh the list of deliveries until it says so."""

    def says() -> bool:
        details.get_by_role("button", name="Refresh").click()
        with suppress(AssertionError):
            expect(details.get_by_text(words, exact=True)).to_be_visible(timeout=1000)
            return True
        return False

    eventually(says)


def test_an_app_that_is_gone_is_disabled_and_the_page_says_why(pages: Pages, owner: str, app: App) -> None:
    app.status = 410
    page = pages.open("#/webhooks", owner=owner)
    create(page, app.address)
    details = opened(page, app.address)

    send_test(details)

    expect_reason = "Its address has answered 410 Gone."

    def is_said() -> bool:
        page.reload()
        page.get_by_role("row", name=app.address).wait_for()
        return page.get_by_text(expect_reason).is_visible()

    eventually(is_said)
    expect(page.get_by_role("button", name=f"Enable {app.address}")).to_be_visible()


def test_the_events_of_a_time_are_sent_again_and_both_secrets_sign_meanwhile(
    pages: Pages, stack: Stack, owner: str, app: App
) -> None:
    page = pages.open("#/webhooks", owner=owner)
    first = create(page, app.address)
    with stack.http(owner) as http:
        image_id = upload(http, jpeg(64, 48))["id"]
    eventually(lambda: created_images(app) == [image_id])
    details = opened(page, app.address)
    details.get_by_label("The old secret signs too").select_option("For an hour")
    details.get_by_role("button", name="Make a new secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_text(re.compile("The old secret signs too until .* shown again"))).to_be_visible()
    expect(details).to_contain_text("An earlier secret signs too until")
    second = secret_on(page)
    assert second != first
    send_test(details)

    yesterday = page.evaluate(
        "new Date(Date.now() - 86400000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16)"
    )
    details.get_by_label("From", exact=True).fill(yesterday)
    details.get_by_role("button", name="Send the events of this time again").click()
    expect(details.get_by_text("The replay has ended.")).to_be_visible(timeout=SENT_MS)

    eventually(lambda: created_images(app) == [image_id, image_id])
    before, _, again = app.events(first)
    assert before["id"] == again["id"]
    app.received = app.received[1:]
    assert [event["type"] for event in app.events(first, second)] == ["webhook.test", "image.created"]


def test_a_replay_under_way_shows_how_far_it_is_also_to_who_comes_later(
    pages: Pages, owner: str, app: App
) -> None:
    begin, middle, end = (f"2026-11-{day}T12:00:00.000Z" for day in (10, 15, 20))
    replay: dict[str, str] | None = {"created_at": end, "after": begin, "until": end, "reached_at": middle}

    def put_into(page: Page) -> None:
        def answer(route: Route) -> None:
            if route.request.method != "GET":
                return route.continue_()
            document = route.fetch().json()
            for webhook in document.get("items", [document]):
                webhook["replay"] = replay
            return route.fulfill(json=document)

        page.route(re.compile(r"/v1/webhooks(/[0-9a-f]+)?$"), answer)

    page = pages.open("#/webhooks", owner=owner, prepare=put_into)
    create(page, app.address)
    details = opened(page, app.address)

    bar = details.get_by_role("progressbar", name="Replay")
    expect(bar).to_be_visible()
    assert bar.evaluate("(bar) => bar.value") == pytest.approx(0.5)
    expect(details.get_by_text("The events of this time are sent again. Those until")).to_be_visible()
    assert faults_of(page) == []
    replay = None
    expect(details.get_by_text("The replay has ended.")).to_be_visible(timeout=SENT_MS)
    expect(bar).to_be_hidden()


def test_older_deliveries_are_loaded_when_they_are_asked_for(
    pages: Pages, stack: Stack, owner: str, app: App
) -> None:
    page = pages.open("#/webhooks", owner=owner)
    create(page, app.address)
    with stack.http(owner) as http:
        for _ in range(MORE_THAN_A_PAGE):
            http.post(f"/v1/webhooks/{webhook_of(http)['id']}/test").raise_for_status()

    details = opened(page, app.address)
    expect(details.get_by_text("20 shown.")).to_be_visible()
    details.get_by_role("button", name="Load more").click()

    expect(details.get_by_text(f"{MORE_THAN_A_PAGE} shown.")).to_be_visible()
    expect(delivery_rows(details).nth(20).get_by_role("button")).to_be_focused()
    assert delivery_rows(details).count() == MORE_THAN_A_PAGE


def test_an_admin_may_hear_about_all_owners_and_a_user_finds_no_such_choice(
    pages: Pages, owner: str, app: App
) -> None:
    page = pages.open("#/webhooks", owner=owner, scope=ADMIN)
    page.get_by_label("Whose events").select_option("Those of all owners and of the store")
    create(page, app.address)
    row = page.get_by_role("row", name=f"Disable {app.address}")
    expect(row).to_contain_text("All events of all owners")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No webhooks yet.")).to_be_visible()

    user = pages.open("#/webhooks", owner=owner)
    expect(user.get_by_text("No webhooks yet.")).to_be_visible()
    expect(user.get_by_label("Whose events")).to_have_count(0)
    user.get_by_label("Address").fill("http://10.0.0.1/hooks")
    user.get_by_role("button", name="Create webhook").click()
    expect(user.get_by_role("alert")).to_contain_text("Nothing can be sent to this URL.")


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light", "dark-phone"]
)
def test_each_state_of_the_page_keeps_the_rules_of_accessibility_and_fits(
    pages: Pages,
    owner: str,
    app: App,
    look: Callable[[Page, str], None],
    scheme: str,
    size: tuple[int, int],
) -> None:
    page = pages.open("#/webhooks", owner=owner, scheme=scheme, size=size, reduced_motion="reduce")
    create(page, app.address)
    page.get_by_label("All events, those of later versions too").uncheck()
    faults = faults_of(page)
    look(page, f"webhooks-new-{scheme}-{size[0]}")
    details = opened(page, app.address)
    send_test(details)
    expect(delivery_rows(details)).to_contain_text("Delivered")
    faults += faults_of(page)
    look(page, f"webhooks-details-{scheme}-{size[0]}")
    page.get_by_role("button", name=f"Delete {app.address}").click()
    faults += faults_of(page)

    assert faults == []
