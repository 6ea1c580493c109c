"""A session that goes on: renewed in one of several tabs, in the background or in a small window, and ended in all."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import expect

from local.settings import CONSOLE_CLIENT_ID
from tests.e2e.test_find import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

SESSION = "image-store.session"
SOON_S = 4.0
"""Until a session of these tests ends; it is renewed when three quarters of that are over."""
TOKENS = re.compile(r"/token$")


def session_of(stack: Stack, subject: str) -> dict[str, Any]:
    """A session with a refresh token, as the issuer gives it to a console that asks for `offline_access`."""
    verifier = secrets.token_urlsafe(40)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    client = {"client_id": CONSOLE_CLIENT_ID, "redirect_uri": f"{stack.api_url}/"}
    query = client | {
        "as": subject,
        "scope": "openid offline_access",
        "response_type": "code",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    sent_back = httpx.get(f"{stack.described['issuer']}/authorize", params=query).headers["location"]
    form = client | {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(sent_back).query)["code"][0],
        "code_verifier": verifier,
    }
    tokens = httpx.post(f"{stack.described['issuer']}/token", data=form).json()
    return {
        "token": tokens["access_token"],
        "idToken": tokens["id_token"],
        "refresh": tokens["refresh_token"],
        "since": round(time.time() * 1000),
    }


def put(page: Page, session: dict[str, Any], *, ends_in_s: float = SOON_S) -> None:
    """Have the page go on with a session that ends soon."""
    ends = {"expires": round((time.time() + ends_in_s) * 1000)}
    page.evaluate(f"sessionStorage.setItem('{SESSION}', JSON.stringify({json.dumps(session | ends)}))")
    page.reload()
    page.get_by_role("heading", name="API keys").wait_for()
    page.evaluate("window.isTheSamePage = true")
    page.get_by_label("Name").fill("half a na")


def stored(page: Page) -> dict[str, Any]:
    """The session of a page; nothing if it has none."""
    text = page.evaluate(f"sessionStorage.getItem('{SESSION}')")
    return json.loads(text) if text else {}


def assert_goes_on(page: Page, token: str) -> None:
    """Check that a page has another token, and is as somebody left it."""
    eventually(lambda: stored(page).get("token") not in (None, token), expected=True)
    assert stored(page)["expires"] > (time.time() + 3_600) * 1000
    assert page.evaluate("window.isTheSamePage") is True
    expect(page.get_by_label("Name")).to_have_value("half a na")
    expect(page.locator(".notice")).to_have_count(0)


def sign_in(page: Page, name: str = "bob") -> None:
    """Sign in from the page that a stranger sees."""
    page.locator(".welcome").get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name=f"Account of {name}").wait_for()


def test_of_several_tabs_one_renews_and_nothing_typed_is_lost(pages: Pages, stack: Stack) -> None:
    session = session_of(stack, "bob")
    tabs = [pages.open("#/keys", locale="en-AU") for _ in range(3)]
    requests: list[Request] = []
    for tab in tabs:
        tab.on("request", lambda request: requests.append(request) if TOKENS.search(request.url) else None)
    for tab in tabs:
        put(tab, session, ends_in_s=8)

    for tab in tabs:
        assert_goes_on(tab, session["token"])

    assert len(requests) == 1, "a refresh token is good once"
    assert len({stored(tab)["token"] for tab in tabs}) == 1
    assert {stored(tab)["refresh"] for tab in tabs} != {session["refresh"]}


def test_a_session_outlives_an_issuer_that_cannot_be_reached(pages: Pages, stack: Stack) -> None:
    session = session_of(stack, "bob")
    page = pages.open("#/keys", locale="en-CA")
    put(page, session, ends_in_s=60)
    page.route(TOKENS, lambda route: route.abort())
    put(page, session, ends_in_s=1)
    page.wait_for_timeout(2_500)
    assert stored(page)["token"] == session["token"], "not thrown away"

    page.unroute(TOKENS)
    page.evaluate("dispatchEvent(new Event('online'))")

    assert_goes_on(page, session["token"])


def test_without_a_refresh_token_the_issuer_renews_in_the_background(pages: Pages, stack: Stack) -> None:
    page = pages.open("#/keys", locale="en-NZ")
    sign_in(page)
    session = stored(page)
    assert session["refresh"] is None

    put(page, session)

    assert_goes_on(page, session["token"])
    assert page.locator("iframe").count() == 0


def test_where_the_browser_keeps_cookies_back_a_small_window_renews_and_the_page_stays(
    pages: Pages, stack: Stack
) -> None:
    page = pages.open("#/keys", locale="en-IE")
    sign_in(page)
    session = stored(page)
    page.context.clear_cookies()
    put(page, session, ends_in_s=12)
    notice = page.locator(".notice", has_text="Your session ends soon.")
    expect(notice).to_contain_text("the browser keeps the cookies of the place to sign in apart")

    with page.expect_popup() as opened:
        notice.get_by_role("button", name="Stay signed in").click()
    with opened.value.expect_event("close"):
        opened.value.get_by_role("link", name="bob").click()
    assert_goes_on(page, session["token"])

    # Once more, after its end; and somebody else signs in.
    session = stored(page)
    page.context.clear_cookies()
    put(page, session)
    notice = page.locator(".notice", has_text="Your session has ended.")
    expect(notice).to_be_visible()
    with page.expect_popup() as opened:
        notice.get_by_role("button", name="Sign in").click()
    with opened.value.expect_event("close"):
        opened.value.get_by_role("link", name="alice").click()
    expect(page.get_by_role("button", name="Account of alice")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("")


def test_a_token_that_the_store_refuses_is_renewed_and_the_call_repeated(pages: Pages, stack: Stack) -> None:
    session = session_of(stack, "bob")
    page = pages.open("#/keys", locale="en-ZA")
    forged = session | {"token": session["token"][:-6] + "AAAAAA", "since": session["since"] - 100_000}

    put(page, forged, ends_in_s=3_600)

    expect(page.get_by_text("No keys yet.")).to_be_visible()
    assert_goes_on(page, forged["token"])

    # The first images are requested by the page itself, before its scripts are there.
    forged = stored(page) | {"token": forged["token"], "since": forged["since"]}
    page.evaluate(
        f"sessionStorage.setItem('{SESSION}', JSON.stringify({json.dumps(forged)}));"
        "location.hash = '#/'; location.reload()"
    )
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(page.locator(".notice")).to_have_count(0)


def test_a_device_whose_clock_is_days_ahead_stays_signed_in(pages: Pages) -> None:
    requests: list[Request] = []

    def prepare(page: Page) -> None:
        page.clock.set_system_time(time.time() + 3 * 86_400)
        page.on("request", lambda request: requests.append(request) if TOKENS.search(request.url) else None)

    page = pages.open("#/keys", locale="en-IN", prepare=prepare)
    sign_in(page)

    expect(page.get_by_text("No keys yet.")).to_be_visible()
    page.wait_for_timeout(2_000)
    assert len(requests) == 1
    expect(page.locator(".notice")).to_have_count(0)


def test_signing_out_ends_every_tab_the_refresh_token_and_tabs_that_sleep(pages: Pages, stack: Stack) -> None:
    session = session_of(stack, "bob")
    first, second = (pages.open("#/keys", locale="en-GB") for _ in range(2))
    for tab in (first, second):
        put(tab, session, ends_in_s=3_600)

    first.get_by_role("button", name="Account of bob").click()
    with first.expect_response(re.compile(r"/revoke$")):
        first.get_by_role("button", name="Sign out").click()

    for tab in (first, second):
        expect(tab.locator(".welcome")).to_be_visible()
        assert stored(tab) == {}
        assert tab.evaluate("Object.keys(sessionStorage).filter((name) => name.includes('draft'))") == []
    form = {"grant_type": "refresh_token", "refresh_token": session["refresh"]}
    client = {"client_id": CONSOLE_CLIENT_ID}
    assert httpx.post(f"{stack.described['issuer']}/token", data=form | client).status_code == 400
    # A tab that was asleep, or was closed and is opened again, still has the session.
    ends = {"expires": round((time.time() + 3_600) * 1000)}
    second.evaluate(
        f"sessionStorage.setItem('{SESSION}', JSON.stringify({json.dumps(session | ends)})); location.reload()"
    )
    expect(second.locator(".welcome")).to_be_visible()
    assert stored(second) == {}
    assert second.evaluate("JSON.stringify(localStorage)").count("eyJ") == 0, "no token outlives the tabs"


def test_what_was_typed_into_a_form_is_there_after_the_way_to_the_issuer_and_back(pages: Pages) -> None:
    page = pages.open("#/keys", locale="en-US")
    sign_in(page)
    for screen, heading, label in (
        ("keys", "API keys", "Name"),
        ("webhooks", "Webhooks", "Description"),
        ("shares", "Shares", "Name"),
        ("upload", "Upload", "Tags"),
    ):
        page.evaluate(f"location.hash = '#/{screen}'")
        page.get_by_role("heading", name=heading, exact=True).wait_for()
        page.get_by_label(label, exact=True).fill(f"half a {screen}")

        page.reload()  # the page is loaded anew after a redirect too

        expect(page.get_by_label(label, exact=True)).to_have_value(f"half a {screen}")
        expect(page.get_by_text("What you typed before is still here.")).to_be_visible()
