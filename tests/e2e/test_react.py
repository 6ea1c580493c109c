"""The components that docs/react.md prints, on a page of another origin, in Chromium, with both versions of React.

A server has rendered the pages, and React's Strict Mode and warnings are on.
"""

from __future__ import annotations

import re
import time
import uuid
from base64 import b64encode
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, expect

from local import bootstrap
from tests.chromium import running_chromium
from tests.e2e.test_images import list_ids, upload
from tests.pictures import jpeg
from tests.typescript.built_client import BuiltClient
from tests.typescript.react_pages import build_pages, write_pages
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.site import Site

VERSIONS = ("18", "19")
WAIT_MS = 20_000
ALBUM = "album:summer"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
IMAGES = "**/v1/images"
IS_LOADED = "(image) => image.complete && image.naturalWidth > 0"
PROBLEM = {
    "status": 429,
    "headers": {"Access-Control-Allow-Origin": "*", "Content-Type": "application/problem+json"},
    "body": '{"code": "quota_exceeded", "detail": "Too many images today.", "status": 429}',
}
"""A refusal that the client does not repeat by itself, and that passes."""
DROP = """([selector, name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
  const target = document.querySelector(selector);
  for (const type of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer}));
  }
}"""
NOTE_PROGRESS = """() => {
  window.progress = [];
  new MutationObserver(() => {
    for (const bar of document.querySelectorAll("progress")) window.progress.push(bar.value);
  }).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""

expect.set_options(timeout=WAIT_MS)


@dataclass
class App:
    """One page of the app with its owner, what it asked of the store, and what went wrong in it."""

    page: Page
    stack: Stack
    owner: str
    site: Site
    version: str
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def open(self, part: str) -> Page:
        """Open a part of the app."""
        self.site.folder.joinpath(f"react-{self.version}/store-token").write_text(
            self.stack.token(self.owner)
        )
        self.page.goto(f"{self.site.origin}/react-{self.version}/{part}.html")
        return self.page

    def calls(self, path: str = "/v1/") -> list[str]:
        """The requests to routes of the API, without those that ask for permission."""
        routes = [request for request in self.requests if path in request.url and request.method != "OPTIONS"]
        return [f"{request.method} {request.url.removeprefix(self.stack.api_url)}" for request in routes]

    def stored(self) -> list[str]:
        """The ids of the owner's images."""
        with self.stack.http(self.owner) as http:
            return list_ids(http)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def app_site(site: Site, open_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with the app, built with both versions of React."""
    assert bootstrap.main(["client"], root=client.ROOT) == 0
    client.build()
    folder = tmp_path_factory.mktemp("pages")
    write_pages(folder)
    for version in VERSIONS:
        build_pages(BuiltClient(), folder, react=version, api_url=open_stack.api_url)
        (site.folder / f"react-{version}").symlink_to(folder / f"react-{version}")
    return site


@pytest.fixture(params=VERSIONS)
def app(request: pytest.FixtureRequest, browser: Browser, open_stack: Stack, app_site: Site) -> Iterator[App]:
    """The app for a new owner. Nothing may go wrong in it but what a test says."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    opened = App(page, open_stack, f"react-{uuid.uuid4()}", app_site, request.param)

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.faults.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: opened.faults.append(str(error)))
    page.on("request", lambda sent: opened.requests.append(sent))
    yield opened
    context.close()
    assert [fault for fault in opened.faults if not fault.startswith("Failed to load resource")] == []


@contextmanager
def held(page: Page, address: str | re.Pattern[str]) -> Iterator[list[Route]]:
    """Let requests to an address wait inside the block; afterwards they go on."""
    waiting: list[Route] = []
    page.route(address, lambda route: waiting.append(route))
    yield waiting
    page.unroute(address)
    for route in waiting:
        with suppress(Error):  # the page has cancelled it
            route.continue_()


def wait_until(page: Page, is_so: Any) -> None:
    """Wait for something that the page does not show."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


def faults_of(page: Page) -> list[str]:
    """What axe-core finds wrong with a page."""
    options = {"resultTypes": ["violations"], "runOnly": STANDARDS}
    violations = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in violations for node in rule["nodes"]]


def wait_for_image(image: Locator) -> None:
    """Wait until an image is shown."""
    wait_until(image.page, lambda: image.evaluate(IS_LOADED))


def test_an_album_shows_private_images_by_one_list_and_one_share(app: App) -> None:
    with app.stack.http(app.owner) as http:
        gone = upload(http, jpeg(400, 400), group=ALBUM)["id"]
        fox = upload(http, jpeg(1500, 1000), group=ALBUM, alt_text="A fox in the snow")["id"]
    app.page.route(f"**/s/*/{gone}/*", lambda route: route.fulfill(status=404))
    page = app.page

    with held(page, f"**/s/*/{fox}/*"):
        app.open("album")
        image = page.get_by_role("img", name="A fox in the snow")
        expect(image).to_have_css("background-image", re.compile("^url.*data:image/bmp"))
        before = image.bounding_box()
        expect(page.get_by_text("This image is gone.")).to_be_visible()
    wait_for_image(image)

    box = image.bounding_box()
    assert before == box
    assert box is not None
    assert (box["width"], round(box["height"])) == (320, 213)
    assert image.evaluate("(image) => image.currentSrc").endswith("/w640")  # of 320 pixels, by `sizes="auto"`
    assert re.findall(r" (\d+)w", str(image.get_attribute("srcset"))) == ["640", "1280", "2048"]
    expect(image).to_have_css("background-image", "none")
    # Strict Mode runs every effect twice, and no request.
    assert sorted(app.calls()) == ["GET /v1/images?group=album%3Asummer&limit=20", "POST /v1/shares"]


def test_files_are_uploaded_by_input_and_drop_and_the_list_follows(app: App, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(jpeg(1200, 900, quality=95))
    page = app.open("album")
    expect(page.get_by_role("button", name="More images")).to_be_hidden()
    page.evaluate(NOTE_PROGRESS)
    cdp = page.context.new_cdp_session(page)
    slow = {
        "offline": False,
        "latency": 0,
        "downloadThroughput": -1,
        "uploadThroughput": large.stat().st_size,
    }
    cdp.send("Network.emulateNetworkConditions", slow)

    page.set_input_files("input[type=file]", large)
    expect(page.get_by_role("status")).to_have_text("1 of 1 images ready")
    cdp.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    progress = page.evaluate("() => window.progress")
    page.evaluate(DROP, ["section > div", "dropped.jpg", to_base64(jpeg(320, 240))])
    expect(page.get_by_role("status")).to_have_text("2 of 2 images ready")
    expect(page.locator("section > ul > li img")).to_have_count(2)

    assert progress == sorted(progress)
    assert len({value for value in progress if 0 < value < 1}) >= 2
    with app.stack.http(app.owner) as http:
        cards = http.get("/v1/images", params={"fields": "groups"}).json()["items"]
    assert [card["groups"] for card in cards] == [{"album": ["summer"]}] * 2
    assert faults_of(page) == []


def test_an_upload_is_cancelled_and_a_failed_one_is_stored_once_by_a_retry(app: App, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg(64, 48))
    page = app.open("album")

    with held(page, IMAGES) as waiting:
        page.set_input_files("input[type=file]", tmp_path / "a.jpg")
        expect(page.get_by_role("progressbar", name="a.jpg")).to_be_visible()
        wait_until(page, lambda: waiting)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("a.jpg: cancelled")).to_be_visible()
    page.route(IMAGES, lambda route: route.fulfill(**PROBLEM), times=1)
    page.set_input_files("input[type=file]", tmp_path / "b.jpg")
    expect(page.get_by_text("b.jpg: failed Too many images today.")).to_be_visible()
    assert faults_of(page) == []
    page.get_by_role("button", name="Try b.jpg again").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("b.jpg: stored")).to_be_visible()
    page.get_by_role("button", name="Remove b.jpg").click()
    expect(page.get_by_text("b.jpg")).to_be_hidden()

    assert len(app.stored()) == 1


def test_the_shortest_gallery_costs_one_request_and_renews_links_that_end(app: App) -> None:
    with app.stack.http(app.owner) as http:
        ids = [upload(http, jpeg(640, 480 - seed), alt_text=f"Picture {seed}")["id"] for seed in (1, 2, 3)]
    ending, broken, healthy = ids
    signed_at = f"{datetime.fromtimestamp(time.time() - 3600 + 62, UTC):%Y%m%dT%H%M%SZ}"

    def spoil(route: Route) -> None:
        answer = route.fetch()
        page_of_images = answer.json()
        links = {card["id"]: card["renditions"]["display"] for card in page_of_images["items"]}
        links[broken]["url"] = re.sub("X-Amz-Signature=..", "X-Amz-Signature=00", links[broken]["url"])
        links[ending]["url"] = re.sub(
            "X-Amz-Date=[^&]*&X-Amz-Expires=[^&]*",
            f"X-Amz-Date={signed_at}&X-Amz-Expires=3600",
            links[ending]["url"],
        )
        route.fulfill(response=answer, json=page_of_images)

    page = app.page
    page.route("**/v1/images?*", spoil)
    with held(page, f"**/*X-Amz-Date={signed_at}*"):
        app.open("gallery")
        for seed in (1, 2, 3):
            wait_for_image(page.get_by_role("img", name=f"Picture {seed}"))
        calls = app.calls()
    assert calls[0] == "GET /v1/images?fields=renditions"
    assert sorted(calls[1:]) == sorted(f"GET /v1/images/{image_id}" for image_id in (broken, ending))
    assert f"GET /v1/images/{healthy}" not in calls


def test_requests_end_with_their_component_and_begin_again_with_it(app: App) -> None:
    with app.stack.http(app.owner) as http:
        upload(http, jpeg(64, 48), alt_text="A fox")
    page = app.page

    with held(page, "**/v1/images?*") as waiting:
        app.open("gallery")
        wait_until(page, lambda: waiting)
        with page.expect_event("requestfailed") as failed:
            page.get_by_role("button", name="Hide").click()
    page.get_by_role("button", name="Show").click()
    wait_for_image(page.get_by_role("img", name="A fox"))

    assert failed.value.failure == "net::ERR_ABORTED"
    assert len(app.calls()) == 2


def test_the_shortest_upload_shows_its_progress(app: App, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(64, 48))
    page = app.open("upload")

    page.get_by_label("Images").set_input_files(tmp_path / "a.jpg")

    expect(page.get_by_role("progressbar", name="a.jpg")).to_have_js_property("value", 1)
    wait_until(page, lambda: len(app.stored()) == 1)
    assert faults_of(page) == []


def test_images_are_generated_with_live_progress(app: App) -> None:
    page = app.open("generate")

    page.get_by_role("button", name="Generate").dblclick()
    expect(page.get_by_role("progressbar", name="Images generated")).to_be_visible()
    images = page.get_by_role("img", name="A red fox in the snow")
    expect(images).to_have_count(2)
    for number in range(2):
        wait_for_image(images.nth(number))

    expect(page.get_by_role("button", name="Generate")).to_be_enabled()
    assert app.calls().count("POST /v1/generations") == 1
    assert faults_of(page) == []


def to_base64(data: bytes) -> str:
    """Bytes as a page takes them."""
    return b64encode(data).decode()
