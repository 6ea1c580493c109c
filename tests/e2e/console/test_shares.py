"""Sharing in the console: embed codes, the dialog, the list, and what strangers see then."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from markdown_it import MarkdownIt
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.console.conftest import DESKTOP, PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.test_find import eventually
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

CLIPBOARD = ["clipboard-read", "clipboard-write"]
WORDS = """A "lake" <b>&amp; it's *hills*</b> ](x) `y` \\ _z_ & <script>"""
SIZE = (1500, 1000)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Tags(HTMLParser):
    """The attributes of each tag of a text, and what stands between tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.between = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.between += data


@pytest.fixture
def owner() -> str:
    """Somebody who has nothing yet."""
    return f"sharing-{uuid4()}"


def clipboard(page: Page, notice: str) -> str:
    """What was copied, once the console says so."""
    expect(page.locator(".notice", has_text=notice).last).to_be_visible()
    text: str = page.evaluate("navigator.clipboard.readText()")
    page.locator(".notice").last.get_by_label("Close this message").click()
    return text


def seen(address: str, **headers: str) -> httpx.Response:
    """What a stranger gets in the end."""
    return httpx.get(address, follow_redirects=True, timeout=40, headers=headers)


def assert_shows_every_width(html: str) -> str:
    """Check an embed code as a browser would read it, and answer the address that it falls back to."""
    parsed = Tags(html)
    [(tag, image)] = parsed.found
    assert (tag, parsed.between, image["alt"]) == ("img", "", WORDS)
    parts = [part.split(" ") for part in str(image["srcset"]).split(", ")]
    candidates = {width: address for address, width in parts}
    assert set(candidates) == {"640w", "1280w", "1500w"}
    for width, address in candidates.items():
        with Image.open(io.BytesIO(seen(address, accept="image/webp").content)) as picture:
            assert f"{picture.width}w" == width
    assert (image["width"], image["height"]) == ("1280", "853")
    assert image["src"] == candidates["1280w"]
    return str(image["src"])


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


def dialog_of(page: Page) -> Locator:
    """The dialog that shares."""
    return page.locator(".share-dialog")


@pytest.mark.parametrize("visibility", ["private", "public"])
def test_an_embed_code_takes_three_presses_and_shows_every_width_that_is_served(
    pages: Pages, stack: Stack, owner: str, visibility: str
) -> None:
    with stack.http(owner) as http:
        upload(http, landscape_jpeg(1, size=SIZE), alt_text=WORDS, visibility=visibility)
    page = pages.open(owner=owner, permissions=CLIPBOARD)

    page.locator(".tile a").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("button", name="HTML").click()
    fallback = assert_shows_every_width(clipboard(page, "HTML copied."))

    page.get_by_role("button", name="Markdown").click()
    [(_, image)] = Tags(MarkdownIt().render(clipboard(page, "Markdown copied."))).found[1:]
    assert image["alt"] == WORDS
    assert seen(str(image["src"])).status_code == 200
    page.get_by_role("button", name="Link", exact=True).click()
    assert clipboard(page, "Link copied.") == image["src"]
    with stack.http(owner) as http:
        shares = http.get("/v1/shares").json()["items"]
    assert len(shares) == (visibility == "private"), "copying again uses the same share"
    assert all(fallback.startswith(share["url_prefix"]) for share in shares)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["light", "dark"])
def test_an_image_is_shared_in_one_size_and_copied_again_until_it_is_revoked(
    pages: Pages,
    stack: Stack,
    owner: str,
    look: Callable[[Page, str], None],
    size: tuple[int, int],
    scheme: str,
) -> None:
    with stack.http(owner) as http:
        image = upload(http, landscape_jpeg(2, size=SIZE), title="Lake <i>", alt_text="A lake")
    page = pages.open(f"#/images/{image['id']}", owner=owner, permissions=CLIPBOARD, size=size, scheme=scheme)
    page.get_by_role("button", name="Share …").click()
    dialog = dialog_of(page)
    expect(dialog.get_by_label("Name")).to_have_value("Lake <i>")
    for preset in ("Thumbnail, square", "As large as", "1280 pixels wide", "2048 pixels wide"):
        dialog.get_by_label(preset).uncheck()
    dialog.get_by_label("Ends after").select_option("A week")
    dialog.get_by_label("Name").fill("For <b>Ann</b>")
    look(page, f"share-dialog-{scheme}")
    assert faults_of(page) == []

    page.reload()  # as after signing in again
    page.get_by_role("button", name="Share …").click()
    expect(dialog.get_by_label("Name")).to_have_value("For <b>Ann</b>")
    expect(dialog.get_by_label("As large as")).not_to_be_checked()
    dialog.get_by_role("button", name="Create share").click()

    expect(dialog.get_by_role("heading", name="Ready to share")).to_be_focused()
    dialog.get_by_role("button", name="Copy Link").click()
    link = clipboard(page, "Link copied.")
    assert link.endswith(f"/{image['id']}/w640")
    assert [seen(link.replace("/w640", f"/{preset}")).status_code for preset in ("w640", "thumb")] == [
        200,
        404,
    ]
    dialog.get_by_role("radio", name="HTML").check()
    html = dialog.get_by_role("textbox", name="HTML").input_value()
    assert "srcset" not in html  # one size alone
    dialog.get_by_role("radio", name="QR").check()
    code = dialog.get_by_role("img", name=f"QR code of {link}")
    expect(code).to_be_visible()
    code.screenshot(path=f"build/screenshots/qr-{scheme}.png")
    look(page, f"share-result-{scheme}")
    assert faults_of(page) == []
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save as SVG").click()
    assert download.value.path().read_text("utf-8").startswith('<svg xmlns="http://www.w3.org/2000/svg"')

    dialog.get_by_role("button", name="Close").click()
    page.goto(f"{stack.api_url}/#/shares")
    expect(page.locator(".item")).to_contain_text("For <b>Ann</b>")
    expect(page.locator(".item")).to_contain_text(re.compile(r"Last used \d"))  # w640 was fetched above
    look(page, f"shares-{scheme}")
    assert faults_of(page) == []
    page.get_by_role("button", name="Copy …").click()
    expect(dialog.get_by_role("textbox", name="Link")).to_have_value(link)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Revoke").click()
    page.locator(".dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator(".state", has_text="Revoked")).to_have_count(1)
    page.reload()
    expect(page.locator(".state", has_text="Revoked")).to_have_count(1)
    expect(page.get_by_role("button", name="Copy …")).to_have_count(0)


def test_a_group_and_everything_are_shared_and_what_they_show_is_copied(
    pages: Pages, stack: Stack, owner: str
) -> None:
    with stack.http(owner) as http:
        ids = [upload(http, landscape_jpeg(number), group="album:summer")["id"] for number in (1, 2)]
    page = pages.open("#/shares", owner=owner, permissions=CLIPBOARD)
    expect(page.get_by_role("heading", name="No share yet")).to_be_visible()

    page.get_by_label("Shows").select_option("The images of a group")
    page.get_by_label("Group", exact=True).fill("album:summer")
    page.get_by_role("button", name="Create share").click()
    expect(page.get_by_role("link", name="Group album:summer")).to_be_visible()
    page.get_by_label("Shows").select_option("All my images, later ones too")
    page.get_by_role("button", name="Create share").click()
    expect(page.locator(".item")).to_have_count(2)

    for share in range(2):
        page.get_by_role("button", name="Copy …").nth(share).click()
        links = dialog_of(page).get_by_role("textbox", name="Link").input_value().split("\n")
        assert [re.sub(r".*/([^/]+)/display$", r"\1", link) for link in links] == ids[::-1]
        assert {seen(link).status_code for link in links} == {200}
        page.keyboard.press("Escape")


def test_a_selection_is_shared_image_by_image_and_published_images_have_links(
    pages: Pages, stack: Stack, owner: str
) -> None:
    with stack.http(owner) as http:
        for number, visibility in enumerate(("private", "unlisted")):
            upload(http, landscape_jpeg(number), visibility=visibility)
        cards: list[dict[str, Any]] = http.get("/v1/images").json()["items"]
    page = pages.open("#/shares", owner=owner)
    expect(page.get_by_role("heading", name="No share yet")).to_be_visible()
    open_dialog = """async (images) => {
      const rest = performance.getEntriesByType("resource").find(({ name }) => name.includes("/rest.js"));
      (await import(rest.name)).openShareDialog({ images });
    }"""
    page.evaluate(open_dialog, cards)
    dialog = dialog_of(page)
    expect(dialog.get_by_role("heading", name="Share 2 images")).to_be_visible()

    dialog.get_by_label("Each by itself").check()
    dialog.get_by_role("button", name="Create share").click()

    links = dialog.get_by_role("textbox", name="Link").input_value().split("\n")
    assert ["/i/" in link for link in links] == [True, False]
    assert {seen(link).status_code for link in links} == {200}
    page.keyboard.press("Escape")
    expect(page.locator(".item")).to_have_count(1)
    page.evaluate(open_dialog, cards[:1])
    expect(dialog.get_by_role("textbox", name="Link")).to_have_value(links[0])
    page.keyboard.press("Escape")

    page.evaluate(open_dialog, cards)
    dialog.get_by_label("Title of the album").fill("Summer <3")
    dialog.get_by_role("button", name="Create share").click()

    of_album = dialog.get_by_role("textbox", name="Link").input_value().split("\n")
    assert [link.split("/")[-2] for link in of_album] == [card["id"] for card in cards]
    assert {seen(link).status_code for link in of_album} == {200}
    page.keyboard.press("Escape")
    expect(page.locator(".item").first).to_contain_text("Summer <3")
    with stack.http(owner) as http:
        [album] = http.get("/v1/groups", params={"type": "album"}).json()["items"]
        eventually(lambda: http.get(f"/v1/groups/{album['group']}").json()["images"], 2)
    assert album["title"] == "Summer <3"


def test_a_share_that_is_refused_says_why(pages: Pages) -> None:
    page = pages.open("#/shares?group=album", owner="console-shares-refused")
    page.get_by_role("button", name="Create share").click()

    expect(page.locator(".notice.is-problem", has_text="group")).to_be_visible()
    expect(page.locator(".item")).to_have_count(0)
