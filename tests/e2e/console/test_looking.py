"""The console in a browser: signing in, the gallery, one image, and what can be done with it (F1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.console.landscapes import SIZES, landscape_jpeg
from tests.e2e.test_find import eventually
from tests.e2e.test_images import patch, upload

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

OWNER = f"browsing-{uuid4()}"
PICTURES = len(SIZES)


@pytest.fixture(scope="module")
def images(stack: Stack) -> list[dict[str, Any]]:
    """Pictures of many proportions, the newest first."""
    with stack.http(OWNER) as client:
        stored = [
            upload(
                client,
                landscape_jpeg(number, size=(size[0] // 2, size[1] // 2)),
                filename=f"hills-{number}.jpg",
                alt_text=f"Hills {number}",
                tag="hills",
                group="session:walk",
                category="landscape",
                visibility="public" if number == 0 else "private",
            )
            for number, size in enumerate(SIZES)
        ]
    return stored[::-1]


@pytest.fixture
def owner() -> str:
    """Somebody who has nothing yet."""
    return f"somebody-{uuid4()}"


@pytest.fixture
def picture(stack: Stack, owner: str) -> dict[str, Any]:
    """One image, and all that its owner has."""
    with stack.http(owner) as client:
        return upload(client, landscape_jpeg(3, size=(640, 400)), filename="lake.jpg", alt_text="A lake")


def open_image(pages: Pages, picture: dict[str, Any], owner: str, **options: Any) -> Page:
    """Open the image's own address."""
    page = pages.open(f"#/images/{picture['id']}", owner=owner, **options)
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    return page


# Signing in ------------------------------------------------------------------------------------------------


def test_one_click_signs_in_and_leaves_no_code_in_the_address(pages: Pages, stack: Stack) -> None:
    page = pages.open("#/upload")
    page.locator(".welcome").get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="bob").click()

    expect(page.get_by_role("heading", name="Upload")).to_be_visible()
    assert page.url == f"{stack.api_url}/#/upload"

    page.get_by_role("button", name="Account of bob").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Your images, in your own store")).to_be_visible()


def test_a_code_that_nobody_here_asked_for_signs_nobody_in(pages: Pages) -> None:
    page = pages.open("?code=stolen&state=stolen")

    expect(page.get_by_role("alert")).to_contain_text("was not begun here")
    expect(page.locator(".welcome")).to_be_visible()


def test_a_session_that_ended_can_be_begun_again(pages: Pages) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=401, content_type="application/json", body='{"message":"Unauthorized"}')

    page = pages.open(owner=OWNER, prepare=lambda page: page.route(re.compile(r"/v1/images\?"), answer))

    expect(page.locator(".notice")).to_contain_text("Your session has ended.")
    expect(page.locator(".notice").get_by_role("button", name="Sign in")).to_be_visible()


def test_what_was_typed_is_kept_when_the_session_ends(
    pages: Pages, picture: dict[str, Any], owner: str
) -> None:
    page = open_image(pages, picture, owner)
    page.keyboard.press("e")
    page.get_by_label("Title").fill("A long title")

    page.reload()

    expect(page.get_by_label("Title")).to_have_value("A long title")
    expect(page.get_by_text("What you typed before is still here.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="A long title")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="A long title")).to_be_visible()


def test_tabs_of_one_browser_share_a_session_and_its_end(pages: Pages, stack: Stack) -> None:
    first = pages.open("#/upload", locale="en-US")
    first.locator(".welcome").get_by_role("button", name="Sign in").click()
    first.get_by_role("link", name="bob").click()
    expect(first.get_by_role("heading", name="Upload")).to_be_visible()

    second = pages.open("#/trash", locale="en-US")

    expect(second.get_by_role("heading", name="Trash", exact=True)).to_be_visible()
    assert second.evaluate("Object.keys(localStorage).filter((name) => name.includes('session'))") == []
    second.get_by_role("button", name="Account of bob").click()
    second.get_by_role("button", name="Sign out").click()
    expect(first.locator(".welcome")).to_be_visible()


# The gallery -----------------------------------------------------------------------------------------------


def test_placeholders_of_the_right_proportions_turn_into_pictures(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    routes: list[Route] = []
    hold = re.compile(r"/thumb\.|rendition=")

    def keep(route: Route) -> None:
        routes.append(route)

    page = pages.open(owner=OWNER, prepare=lambda page: page.route(hold, keep))
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(PICTURES)
    boxes = [box for tile in tiles.all() if (box := tile.bounding_box())]
    expect(page.locator(".tile canvas").first).to_have_attribute("width", "24")
    blurs = page.locator(".tile canvas").evaluate_all(
        "all => all.map((one) => one.getContext('2d').getImageData(4, 4, 1, 1).data[3])"
    )

    for route in routes:
        route.continue_()
    page.unroute(hold)

    expect(page.locator(".tile.is-loaded").first).to_be_visible()
    for box, image in zip(boxes, images, strict=True):
        assert box["width"] / box["height"] == pytest.approx(image["width"] / image["height"], rel=0.02)
    assert blurs[0] == 255


def test_scrolling_goes_on_to_the_last_image(pages: Pages, images: list[dict[str, Any]]) -> None:
    calls: list[str] = []

    def two_at_a_time(route: Route) -> None:
        parts = urlsplit(route.request.url)
        calls.append(parts.query)
        query = urlencode(parse_qs(parts.query) | {"limit": ["2"]}, doseq=True)
        route.continue_(url=urlunsplit(parts._replace(query=query)))

    page = pages.open(
        owner=OWNER, prepare=lambda page: page.route(re.compile(r"/v1/images\?"), two_at_a_time)
    )

    expect(page.locator(".tile")).to_have_count(PICTURES)
    assert len(calls) == -(-PICTURES // 2)
    assert sum("cursor=" in query for query in calls) == len(calls) - 1


def test_no_picture_is_loaded_far_below_the_screen(pages: Pages, images: list[dict[str, Any]]) -> None:
    loaded: set[str] = set()

    def many(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        cards = [
            {**card, "id": f"{copy}-{card['id']}", "thumb_url": f"{card['thumb_url']}#{copy}"}
            for copy in range(20)
            for card in body["items"]
        ]
        for card in cards:
            card["thumb_url"] = f"/assets/mark.svg?of={card['id']}"
        route.fulfill(json={"items": cards, "next_cursor": None})

    def prepare(page: Page) -> None:
        page.route(re.compile(r"/v1/images\?"), many)
        page.on("request", lambda request: loaded.add(request.url) if "?of=" in request.url else None)

    page = pages.open(owner=OWNER, prepare=prepare)
    expect(page.locator(".tile.is-loaded").nth(PICTURES - 1)).to_be_attached()

    assert 0 < len(loaded) < 20 * PICTURES / 2


def many_cards(page: Page, card: dict[str, Any], number: int) -> None:
    """Let the store answer so many images, newest first, two months apart at the half."""

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        limit, start = int(query["limit"][0]), int(query.get("cursor", ["0"])[0])
        items = [
            {
                **card,
                "id": f"{number - at:08}-0000-7000-8000-000000000000",
                "created_at": "2026-03-01T12:00:00Z" if at < number / 2 else "2026-01-01T12:00:00Z",
                "alt_text": f"Picture {at}",
                "width": (300, 200, 400)[at % 3],
                "height": 300,
                "thumb_url": "/assets/mark.svg",
            }
            for at in range(start, min(start + limit, number))
        ]
        after = start + limit
        route.fulfill(json={"items": items, "next_cursor": str(after) if after < number else None})

    page.route(re.compile(r"/v1/images\?"), answer)


def test_a_gallery_at_its_bottom_continues_to_the_end_and_says_so(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = pages.open(owner=OWNER, prepare=lambda page: many_cards(page, images[0], 1_000))
    expect(page.locator(".tile").first).to_be_visible()

    page.evaluate(
        """() => {
          const pin = () => { scrollTo(0, document.body.scrollHeight); requestAnimationFrame(pin); };
          pin();
        }"""
    )

    expect(page.get_by_text("That is all: 1,000 images.")).to_be_attached()
    expect(page.get_by_role("link", name="Picture 999", exact=True)).to_be_attached()


def test_however_many_images_there_are_few_are_elements(pages: Pages, images: list[dict[str, Any]]) -> None:
    page = pages.open(owner=OWNER, prepare=lambda page: many_cards(page, images[0], 2_000))
    expect(page.locator(".tile").first).to_be_visible()
    most = 0
    for _ in range(60):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        most = max(most, page.locator("*").count())
        if page.get_by_text("That is all").count():
            break
        page.wait_for_timeout(50)

    expect(page.get_by_text("That is all: 2,000 images.")).to_be_attached()
    assert most < 2_000
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("link", name="Picture 0", exact=True)).to_be_visible()


def test_an_undone_deletion_puts_a_picture_back_where_it_was(pages: Pages, stack: Stack, owner: str) -> None:
    with stack.http(owner) as client:
        for number in range(3):
            upload(client, landscape_jpeg(number, size=(320, 200)), alt_text=f"Hill {number}")
    page = pages.open(owner=owner)
    names = page.locator(".tile img")
    expect(names).to_have_count(3)
    page.get_by_role("link", name="Hill 1").click()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator(".notice", has_text="Moved to the trash.")).to_be_visible()

    page.get_by_role("button", name="Undo", exact=True).click()

    expect(names).to_have_count(3)
    assert [name.get_attribute("alt") for name in names.all()] == ["Hill 2", "Hill 1", "Hill 0"]


@pytest.mark.parametrize("address", ["#/nowhere", "#/images/%", "#/groups/%E0%A4%A", "#/images/not-an-id"])
def test_an_address_that_leads_nowhere_says_so(
    pages: Pages, images: list[dict[str, Any]], address: str
) -> None:
    page = pages.open(address, owner=OWNER)

    message = page.get_by_text(
        re.compile(
            "There is no screen at this address|There is no such image|must|No image in this group|group"
        )
    )
    expect(message.first).to_be_visible()


def test_a_picture_of_the_feed_opens_over_it(pages: Pages, images: list[dict[str, Any]]) -> None:
    page = pages.open("#/feed")
    page.get_by_role("link", name="Hills 0").first.click()

    expect(page.locator("dialog.is-public")).to_be_visible()
    expect(page.locator(".public-picture")).to_have_js_property("complete", value=True)
    page.keyboard.press("Escape")
    expect(page.locator("dialog.is-public")).to_have_count(0)
    assert page.url.endswith("#/feed")


def test_filters_are_kept_in_the_address_and_can_be_taken_away(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    page = pages.open(owner=OWNER)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Visibility").select_option("public")
    page.get_by_role("button", name="Show").click()

    expect(page.locator(".tile")).to_have_count(1)
    assert page.url.endswith("#/?visibility=public")

    page.get_by_role("link", name="Remove the filter Visibility").click()

    expect(page.locator(".tile")).to_have_count(PICTURES)


def test_a_group_is_seen_by_itself(pages: Pages, images: list[dict[str, Any]]) -> None:
    page = pages.open("#/groups/session%3Awalk", owner=OWNER)

    expect(page.get_by_role("heading", name="walk")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(PICTURES)


def test_a_smaller_copy_is_found_from_the_image_it_looks_like(
    pages: Pages, stack: Stack, owner: str, picture: dict[str, Any]
) -> None:
    """B5."""
    with stack.http(owner) as client:
        upload(client, landscape_jpeg(3, size=(320, 200)), filename="small.jpg", alt_text="A small lake")
        eventually(lambda: len(client.get(f"/v1/images/{picture['id']}/similar").json()["items"]), 1)
    page = open_image(pages, picture, owner)

    page.get_by_role("link", name="Find similar images").click()

    expect(page.get_by_role("heading", name="Similar images")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.get_by_role("img", name="A small lake")).to_be_visible()


def test_a_disabled_feature_is_reported_as_such(pages: Pages) -> None:
    def missing(route: Route) -> None:
        route.fulfill(status=404, content_type="application/json", body='{"message":"Not Found"}')

    page = pages.open("#/feed", prepare=lambda page: page.route(re.compile(r"/v1/feed"), missing))

    expect(page.get_by_role("heading", name="Not in this store yet")).to_be_visible()


def test_a_failure_of_the_store_is_said_in_words_and_can_be_tried_again(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    failures = ["once"]

    def fail_once(route: Route) -> None:
        if failures:
            failures.pop()
            return route.fulfill(
                status=503,
                content_type="application/problem+json",
                body='{"status": 503, "code": "storage_unavailable", "detail": "R2.", "request_id": "r-1"}',
            )
        return route.continue_()

    page = pages.open(owner=OWNER, prepare=lambda page: page.route(re.compile(r"/v1/images\?"), fail_once))
    expect(page.get_by_role("alert")).to_contain_text("The storage does not answer at the moment.")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".tile")).to_have_count(PICTURES)


def test_a_gateway_that_limits_is_explained_and_asked_again(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    """The gateway's own answers have neither a code nor our headers."""
    failures = ["once"]

    def limit_once(route: Route) -> None:
        if failures:
            failures.pop()
            return route.fulfill(
                status=429,
                headers={"content-type": "application/json"},
                body='{"message":"Too Many Requests"}',
            )
        return route.continue_()

    page = pages.open(owner=OWNER, prepare=lambda page: page.route(re.compile(r"/v1/images\?"), limit_once))
    expect(page.get_by_role("alert")).to_have_text("Too much at once. Wait a moment and try again.Try again")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".tile")).to_have_count(PICTURES)


# One image -------------------------------------------------------------------------------------------------


def test_everything_goes_by_keyboard(pages: Pages, images: list[dict[str, Any]]) -> None:
    """From the address bar to the second picture, closer, to the next one, and back where one was."""
    page = pages.open(owner=OWNER)
    expect(page.locator(".tile")).to_have_count(PICTURES)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(4):  # the filters, the size of pictures, the first picture
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=f"Hills {PICTURES - 1}", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    place = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.keyboard.press("+")
    expect(page.locator(".stage")).to_have_class(re.compile("is-zoomed"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".viewer-name")).to_have_text(f"hills-{PICTURES - 3}.jpg")
    page.keyboard.press("Escape")

    expect(page.locator("dialog.viewer")).to_have_count(0)
    expect(page.get_by_role("link", name=f"Hills {PICTURES - 3}", exact=True)).to_be_focused()
    assert page.evaluate("scrollY") == place
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_what_is_known_of_an_image_is_shown(pages: Pages, images: list[dict[str, Any]]) -> None:
    page = open_image(pages, images[0], OWNER)

    panel = page.locator(".facts")
    for text in (images[0]["filename"], images[0]["sha256"], images[0]["id"], "hills", "session:walk"):
        expect(panel).to_contain_text(text)
    expect(page.locator(".stage").get_by_role("img", name=images[0]["alt_text"])).to_be_visible()


def test_an_edit_is_stored_and_one_that_came_too_late_is_not(
    pages: Pages, stack: Stack, picture: dict[str, Any], owner: str
) -> None:
    page = open_image(pages, picture, owner)
    page.keyboard.press("e")
    page.get_by_label("Title").fill("The lake")
    page.get_by_label("Tags").fill("water, summer")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="The lake")).to_be_visible()
    expect(page.locator(".chip", has_text="summer")).to_be_visible()

    with stack.http(owner) as client:
        patch(client, picture["id"], title="Somebody else's title")
    page.keyboard.press("e")
    page.get_by_label("Title").fill("Mine")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("Somebody changed this image since you opened it.")
    # Seen where one looks, and not behind the bar of the form.
    top = """(alert) => {
      const { left, top, width, height } = alert.getBoundingClientRect();
      return alert.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    }"""
    assert page.locator(".edit .form-problem").evaluate(top)
    with stack.http(owner) as client:
        assert client.get(f"/v1/images/{picture['id']}").json()["title"] == "Somebody else's title"


def test_the_link_of_an_image_works_for_strangers_until_it_is_private_again(
    pages: Pages, picture: dict[str, Any], owner: str
) -> None:
    page = open_image(pages, picture, owner, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("radio", name="Unlisted").check()
    expect(page.locator(".notice", has_text="Whoever has the link can see it now.")).to_be_visible()
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.locator(".notice", has_text="Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")

    seen = httpx.get(link, follow_redirects=True, timeout=30)
    page.get_by_role("radio", name="Private").check()
    expect(page.locator(".notice", has_text="Only you can see it now.")).to_be_visible()

    assert seen.headers["content-type"].startswith("image/")
    assert httpx.get(link, timeout=30).status_code == 404


def test_a_download_is_the_file_that_was_sent(pages: Pages, picture: dict[str, Any], owner: str) -> None:
    page = open_image(pages, picture, owner)
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download the original").click()

    assert begun.value.suggested_filename == "lake.jpg"
    assert begun.value.path().read_bytes() == landscape_jpeg(3, size=(640, 400))


def test_a_deletion_can_be_undone_and_made_final(
    pages: Pages, stack: Stack, picture: dict[str, Any], owner: str
) -> None:
    page = open_image(pages, picture, owner)
    page.keyboard.press("Delete")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator(".tile")).to_have_count(1)

    page.locator(".tile a").click()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator(".notice", has_text="Moved to the trash.")).to_be_visible()
    page.get_by_role("link", name="Trash").click()
    page.locator(".tile a").click()
    page.get_by_role("button", name="Delete for good").click()
    page.locator(".dialog").get_by_role("button", name="Delete for good").click()

    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    with stack.http(owner) as client:
        assert client.get(f"/v1/images/{picture['id']}").status_code == 404


# Looks -----------------------------------------------------------------------------------------------------


def test_a_theme_that_was_chosen_stays(pages: Pages, images: list[dict[str, Any]]) -> None:
    page = pages.open(owner=OWNER, scheme="dark", locale="en-GB")  # a window for itself
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("radio", name="Light").check(force=True)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    expect(page.locator(".tile")).to_have_count(PICTURES)

    assert dark == "rgb(18, 19, 20)"
    assert light == page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 249, 247)"


def test_nothing_moves_for_users_who_prefer_no_motion(pages: Pages) -> None:
    page = pages.open(owner=OWNER, reduced_motion="reduce")

    longest = page.evaluate(
        """async () => {
          const { src } = document.querySelector("script[type=module]");
          const { notify } = await import(src);
          notify("Still");
          return Math.max(...document.getAnimations().map((one) => one.effect.getComputedTiming().duration), 0);
        }"""
    )

    assert longest <= 1


def test_a_search_without_words_asks_for_words(pages: Pages) -> None:
    page = pages.open(owner=OWNER, address="#/search")

    expect(page.get_by_text("No words to search for")).to_be_visible()
