"""Uploads: from every screen, in a tray that tells how each file is doing (F1)."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from PIL import Image
from playwright.sync_api import expect

from tests.e2e.console.conftest import PHONE
from tests.e2e.console.files import HEIC, named, not_pictures, picture, too_wide
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.test_bringing import faults_of
from tests.e2e.test_images import list_ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import FilePayload, Page, Request, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

GATEWAY_LIMIT = 4_000_000
SENDS = re.compile(r"/v1/images\?")
MANY = 40
AT_ONCE = 3


def pick(page: Page, *files: FilePayload) -> None:
    """Pick files on the upload screen."""
    page.get_by_label("Pick files").set_input_files(list(files))


def transfer(page: Page, name: str) -> Any:
    """The line of a file in the tray."""
    return page.locator(".transfer", has_text=name)


def heading(page: Page) -> Any:
    """What the tray says of all files."""
    return page.locator(".tray h2")


def test_files_are_stored_as_was_chosen_and_a_duplicate_is_named(pages: Pages, stack: Stack) -> None:
    owner = f"picking-{uuid4()}"
    page = pages.open("#/upload", owner=owner)
    page.get_by_label("Who can see them").select_option("unlisted")
    page.get_by_label("Tags").fill("beach, summer")
    page.get_by_label("Tags").blur()
    pick(page, picture("one.jpg"), named("two.heic", "", HEIC))

    expect(page.locator(".transfer.is-done")).to_have_count(2)
    with stack.http(owner) as client:
        stored = client.get("/v1/images", params={"visibility": "unlisted"}).json()["items"]
        converted = next(card["id"] for card in stored if card["filename"] == "two.jpg")
        original = client.get(f"/v1/images/{converted}/content", follow_redirects=True).content
    assert {card["filename"] for card in stored} == {"one.jpg", "two.jpg"}
    with Image.open(io.BytesIO(original)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (96, 64))
        assert "P3" in opened.info["icc_profile"].decode("latin-1").replace("\0", "")
        top, bottom = opened.getpixel((48, 8)), opened.getpixel((48, 56))
    assert top[0] > 200 > 60 > top[2]  # type: ignore[index]
    assert bottom[2] > 200 > 60 > bottom[0]  # type: ignore[index]

    pick(page, picture("once-more.jpg"))
    known = page.locator(".transfer.is-known")
    expect(known).to_contain_text("Already here")
    page.get_by_role("button", name="Store once-more.jpg again").click()
    expect(page.locator(".transfer.is-done")).to_have_count(3)
    with stack.http(owner) as client:
        assert len(list_ids(client)) == 3

    page.get_by_role("link", name="Open one.jpg").click()
    expect(page.locator(".facts").get_by_text("beach", exact=True)).to_be_visible()


def test_what_the_store_would_refuse_is_refused_in_words_before_it_is_sent(pages: Pages) -> None:
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page = pages.open("#/upload", owner="refusing")
    page.on("request", note)
    others = not_pictures()
    pick(page, *too_wide(), *(file for file, _ in others.values()))

    expect(page.locator(".transfer.is-failed")).to_have_count(len(too_wide()) + len(others))
    expect(page.get_by_text("This picture has 256 megapixels; the store takes up to 50.")).to_have_count(
        len(too_wide())
    )
    for name, (_, words) in others.items():
        expect(transfer(page, name)).to_contain_text(words)
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    assert sent == []

    pick(page, named("damaged.jpg", "image/jpeg", picture()["buffer"][:2000]))
    expect(transfer(page, "damaged.jpg")).to_contain_text("This file is damaged, or it is not a picture.")
    expect(heading(page)).to_have_text(f"{len(too_wide()) + len(others) + 1} files failed")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".tray")).to_have_count(0)


def test_what_the_gateway_answers_is_tried_again_where_that_helps_and_said_in_words(pages: Pages) -> None:
    """Its answers have neither a code nor our headers."""
    answers = {
        "413.jpg": (413, "This is too large to send in one request.", 1),
        "429.jpg": (429, "Too much at once. Wait a moment and try again.", 4),
        "503.jpg": (503, "The store failed. Try it again.", 4),
    }
    keys: dict[str, set[str]] = {name: set() for name in answers}
    tries: list[str] = []

    def refuse(route: Route) -> None:
        name = next(name for name in answers if name in route.request.url)
        keys[name].add(route.request.headers["idempotency-key"])
        tries.append(name)
        body = json.dumps({"message": "Words of the gateway"})
        headers = {"content-type": "application/json"}
        route.fulfill(status=answers[name][0], headers=headers, body=body)

    page = pages.open("#/upload", owner=f"refused-{uuid4()}", prepare=lambda page: page.route(SENDS, refuse))
    pick(page, *(picture(name, number=number) for number, name in enumerate(answers)))

    expect(page.locator(".transfer.is-failed")).to_have_count(len(answers))
    for name, (_, words, count) in answers.items():
        expect(transfer(page, name)).to_contain_text(words)
        assert tries.count(name) == count
        assert len(keys[name]) == 1
    expect(page.get_by_text("Words of the gateway")).to_have_count(0)
    expect(page.get_by_role("button", name="Retry 413.jpg")).to_have_count(0)

    page.unroute(SENDS)
    page.get_by_role("button", name="Retry failed").click()
    expect(page.locator(".transfer.is-done")).to_have_count(2)


def test_pictures_and_folders_arrive_on_any_screen_without_leaving_it(
    pages: Pages, stack: Stack, tmp_path: Path, look: Callable[[Page, str], None]
) -> None:
    owner = f"dropping-{uuid4()}"
    folder = tmp_path / "Summer 2026"
    (folder / "inner").mkdir(parents=True)
    for number, name in enumerate(("one.jpg", "two.jpg", "inner/three.jpg")):
        (folder / name).write_bytes(landscape_jpeg(number, size=(320, 240)))
    (folder / ".DS_Store").write_bytes(b"hidden")

    page = pages.open("#/jobs", owner=owner)
    expect(page.get_by_role("heading", name="No job yet")).to_be_visible()
    drag = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        drag.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": data})
    expect(page.get_by_text("The folder “Summer 2026” has 3 files.")).to_be_visible()
    expect(page.get_by_label("Album")).to_be_focused()
    look(page, "uploads-folder")
    assert faults_of(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".transfer.is-done")).to_have_count(3)
    expect(page).to_have_url(re.compile("#/jobs$"))

    page.evaluate("location.hash = '#/groups/album%3ASummer%202026'")
    expect(page.locator(".tile")).to_have_count(3)
    pasted = base64.b64encode(picture(number=9)["buffer"]).decode()
    page.evaluate(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
          const told = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(new ClipboardEvent("paste", { ...told, clipboardData: data }));
        }""",
        pasted,
    )
    expect(page.locator(".transfer.is-done")).to_have_count(4)

    with stack.http(owner) as client:
        assert len(list_ids(client, group="album:Summer 2026")) == 4

    page.evaluate("location.hash = '#/upload'")
    page.get_by_label("Pick a folder").set_input_files(folder)
    page.get_by_role("button", name="Without an album").click()
    expect(page.locator(".transfer.is-known")).to_have_count(3)


def test_a_file_above_the_limit_of_a_request_goes_straight_to_storage(pages: Pages) -> None:
    """A14 in the browser: past the gateway, and through storage's own cross-origin rules."""
    to_storage: list[str] = []
    large = named("large.jpg", "image/jpeg", picture()["buffer"] + b"\0" * GATEWAY_LIMIT)

    page = pages.open("#/upload", owner=f"large-{uuid4()}")
    page.on("request", lambda request: to_storage.append(request.url) if request.method == "PUT" else None)
    pick(page, large)

    expect(page.locator(".transfer.is-done")).to_contain_text("large.jpg")
    assert len(to_storage) == 1
    assert "X-Amz-Signature" in to_storage[0]


def test_many_files_are_paused_cancelled_and_resumed_while_other_screens_are_shown(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"many-{uuid4()}"
    under_way: set[Request] = set()
    most: list[int] = []

    def begun(request: Request) -> None:
        if request.method == "POST":
            under_way.add(request)
            most.append(len(under_way))

    page = pages.open("#/upload", owner=owner, size=PHONE, scheme="dark", reduced_motion="reduce")
    page.on("request", begun)
    page.on("requestfinished", lambda request: under_way.discard(request))
    page.on("requestfailed", lambda request: under_way.discard(request))
    pick(page, *(picture(f"{number}.jpg", number=number) for number in range(MANY)))
    expect(heading(page)).to_contain_text(re.compile(rf"Uploading · [1-9]\d* of {MANY}"))

    page.get_by_role("button", name="Show the uploads").click()
    expect(page.get_by_role("progressbar", name="Progress of all uploads")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(heading(page)).to_contain_text("Paused")
    expect(page.get_by_role("status").filter(has_text="Uploads are paused")).to_be_attached()
    assert faults_of(page) == []
    look(page, "uploads-paused-dark-360")
    waiting = page.locator(".transfer.is-waiting")
    names = waiting.locator(".transfer-name").all_inner_texts()
    page.get_by_role("button", name=f"Cancel {names[-1]}", exact=True).click()
    expect(waiting).to_have_count(len(names) - 1)

    with page.expect_event("dialog") as question:
        page.evaluate("setTimeout(() => location.reload())")
    question.value.dismiss()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("link", name="Images", exact=True).last.click()
    expect(heading(page)).to_have_text(f"{MANY - 1} uploads finished", timeout=90_000)
    expect(page.locator(".transfer.is-done")).to_have_count(MANY - 1)

    assert question.value.type == "beforeunload"
    assert max(most) <= AT_ONCE
    with stack.http(owner) as client:
        assert len(list_ids(client)) == MANY - 1
