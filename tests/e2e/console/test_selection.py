"""Selecting images in the console, and what is done with all of them at once (I1)."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.console.clicks import add_tag, publish
from tests.e2e.console.conftest import DESKTOP, PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.many_images import ManyImages
from tests.e2e.console.test_bringing import OF_LOOKS, STANDARDS, faults_of
from tests.e2e.console.test_timeline import bar as dates
from tests.e2e.console.test_timeline import many, press
from tests.e2e.test_images import patch, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

TALL = (1280, 1700)
"""A window that shows all pictures of an owner here."""
CLIPBOARD = ["clipboard-read", "clipboard-write"]
MANY = 100_000
MOST = 10_000
MOST_CLICKS_TO_PUBLISH = 5
MOST_CLICKS_TO_TAG = 6
LONGEST_FRAME_MS = 1_000
"""Far more than a frame, as other tests compute meanwhile; to select the images one by one takes longer."""
FRAMES = """() => {
  let last = performance.now();
  window.longest = 0;
  const note = () => {
    window.longest = Math.max(window.longest, performance.now() - last);
    last = performance.now();
    requestAnimationFrame(note);
  };
  note();
}"""
TO_A_FILE = """() => {
  window.showSaveFilePicker = async ({ suggestedName }) => {
    const folder = await navigator.storage.getDirectory();
    return (window.chosen = await folder.getFileHandle(suggestedName, { create: true }));
  };
}"""
NO_FILES = "() => delete window.showSaveFilePicker"
BYTES = "async () => Array.from(new Uint8Array(await (await window.chosen.getFile()).arrayBuffer()))"
LONG_PRESS_MS = 700


def bar(page: Page) -> Locator:
    """The bar of the selection."""
    return page.get_by_role("toolbar", name="Selection")


def picture(page: Page, name: str) -> Locator:
    """The link of a picture."""
    return page.get_by_role("link", name=name, exact=True)


def tick(page: Page, name: str) -> Locator:
    """The tick of a picture, which is there when the pointer is."""
    picture(page, name).hover()
    return page.get_by_role("checkbox", name=f"Select {name}", exact=True)


def selected(page: Page, number: int) -> None:
    """Wait until so many are selected, to the eye and to the ear."""
    if number:
        expect(bar(page).get_by_text(f"{number:,} selected", exact=True)).to_be_visible()
    else:
        expect(bar(page)).to_have_count(0)
    words = f"{number:,} image{'' if number == 1 else 's'} selected" if number else "Nothing is selected"
    expect(page.get_by_role("status").filter(has_text=words)).to_be_attached()


def notice(page: Page, text: str | re.Pattern[str]) -> Locator:
    """A message at the edge of the screen."""
    return page.locator(".notice", has_text=text)


def do(page: Page, name: str) -> None:
    """Press a button of the bar."""
    bar(page).get_by_role("button", name=name).click()


def tile_middle(page: Page, index: int) -> dict[str, float]:
    """Where a finger finds a picture."""
    box = page.locator(".tile").nth(index).bounding_box()
    assert box is not None
    return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}


@pytest.fixture
def owned(stack: Stack) -> tuple[str, list[dict[str, Any]]]:
    """An owner with 24 images, the newest first."""
    owner = f"selecting-{uuid4()}"
    with stack.http(owner) as client:
        stored = [
            upload(
                client,
                landscape_jpeg(number, size=(240, 160)),
                alt_text=f"Hill {number}",
                filename="hill.jpg",
            )
            for number in range(24)
        ]
    return owner, stored[::-1]


# Selecting -------------------------------------------------------------------------------------------------


def test_pictures_are_selected_with_the_pointer_in_ranges_and_through_the_viewer(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY))
    assert page.get_by_role("checkbox").count() == 0

    tick(page, "Picture 3").click()
    selected(page, 1)
    expect(tick(page, "Picture 3")).to_be_checked()
    picture(page, "Picture 9").click(modifiers=["Shift"])
    selected(page, 7)
    picture(page, "Picture 6").click(modifiers=["Shift"])  # the same range, ended earlier
    selected(page, 4)
    picture(page, "Picture 4").click()
    selected(page, 3)
    picture(page, "Picture 10").click()
    selected(page, 4)

    picture(page, "Picture 5").hover()
    page.get_by_role("link", name="Open Picture 5", exact=True).click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.keyboard.press("Escape")
    expect(picture(page, "Picture 5")).to_be_focused()
    selected(page, 4)

    expect(bar(page).get_by_role("button", name="Compare")).to_have_count(0)
    page.keyboard.press("Escape")
    selected(page, 0)
    tick(page, "Picture 1").click()
    picture(page, "Picture 2").click()
    do(page, "Compare")
    expect(page.get_by_role("dialog", name="Compare two images")).to_be_visible()
    page.keyboard.press("Escape")
    selected(page, 2)
    page.get_by_role("link", name="Shares").first.click()
    expect(page.get_by_role("heading", name="Shares", exact=True)).to_be_visible()
    expect(bar(page)).to_have_count(0)


def test_keys_select_what_they_pass(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY))
    picture(page, "Picture 3").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(picture(page, "Picture 4")).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    selected(page, 3)
    page.keyboard.press("Shift+ArrowLeft")
    selected(page, 2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    selected(page, 3)
    page.keyboard.press("Space")
    selected(page, 2)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Select Picture 6", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    selected(page, 3)

    clear, everything = bar(page).get_by_role("button").nth(0), bar(page).get_by_role("button").nth(1)
    clear.focus()
    page.keyboard.press("ArrowRight")
    expect(everything).to_be_focused()
    page.keyboard.press("End")
    expect(bar(page).get_by_role("button", name="Move to trash")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(clear).to_be_focused()
    page.keyboard.press("Enter")

    selected(page, 0)
    expect(picture(page, "Picture 6")).to_be_focused()


def test_a_range_loads_the_months_between_and_all_are_at_most_ten_thousand(pages: Pages) -> None:
    images = ManyImages(MANY)
    page = many(pages, images)
    tick(page, "Picture 0").click()
    press(page, "September 2026")
    page.locator(".tile.is-loaded").first.wait_for()
    target = page.locator(".tile.is-loaded img").nth(4)
    name = target.get_attribute("alt") or ""
    target.click(modifiers=["Shift"])

    number = int(name.removeprefix("Picture ")) + 1
    assert number > 1_000
    selected(page, number)
    press(page, "May 2022")
    page.locator(".tile.is-loaded").first.wait_for()
    page.locator(".tile.is-loaded img").nth(4).click(modifiers=["Shift"])
    expect(notice(page, "At most 10,000 images can be selected at once.")).to_be_visible()
    selected(page, number)

    page.evaluate(FRAMES)
    page.keyboard.press("Control+a")
    selected(page, MOST)
    expect(notice(page, "10,000 images are selected, the most at once.")).to_be_visible()
    assert page.evaluate("longest") < LONGEST_FRAME_MS
    assert page.locator("*").count() < 800


def test_a_list_without_months_is_selected_to_its_end(pages: Pages) -> None:
    images = ManyImages(730, apart=timedelta(hours=6))
    page = pages.open("#/?visibility=private", owner="filtered", prepare=images.put_into)
    page.locator(".tile.is-loaded").first.wait_for()

    page.keyboard.press("Control+a")

    selected(page, 730)
    page.keyboard.press("Escape")
    selected(page, 0)


def test_a_long_press_selects_what_the_finger_passes_and_a_tap_one_more(
    pages: Pages, look: Callable[[Page, str], None]
) -> None:
    page = many(pages, ManyImages(MANY), size=PHONE, has_touch=True, scheme="dark")
    page.wait_for_function("document.querySelectorAll('.tile.is-loaded').length > 8")
    page.wait_for_timeout(LONG_PRESS_MS)  # The script for it comes half a second after the first picture.
    fingers = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    start, end = tile_middle(page, 1), tile_middle(page, 4)
    touch("touchStart", start)
    selected(page, 1)
    for step in range(1, 9):
        part = step / 8
        touch("touchMove", {axis: start[axis] + (end[axis] - start[axis]) * part for axis in ("x", "y")})
        page.wait_for_timeout(20)
    touch("touchEnd")

    selected(page, 4)
    assert page.evaluate("scrollY") == 0
    expect(page.get_by_role("checkbox").first).to_be_visible()
    first = tile_middle(page, 0)
    page.touchscreen.tap(first["x"], first["y"])
    selected(page, 5)
    assert faults_of(page, OF_LOOKS) == []
    look(page, "selection-dark-360")


# What is done with them ------------------------------------------------------------------------------------


def test_selected_images_are_downloaded_as_one_archive(
    pages: Pages, owned: tuple[str, list[dict[str, Any]]], stack: Stack
) -> None:
    owner, stored = owned
    page = pages.open(owner=owner, prepare=lambda page: page.add_init_script(f"({NO_FILES})()"))
    tick(page, "Hill 23").click()
    picture(page, "Hill 21").click(modifiers=["Shift"])
    with stack.http(owner) as client:
        originals = [
            client.get(f"/v1/images/{image['id']}/content", follow_redirects=True).content
            for image in stored[:3]
        ]

    with page.expect_download() as saving:
        do(page, "Download")
        page.get_by_role("button", name="Originals").click()
    with zipfile.ZipFile(saving.value.path()) as archive:
        assert archive.namelist() == ["hill.jpg", "hill (2).jpg", "hill (3).jpg"]
        assert [archive.read(name) for name in archive.namelist()] == originals
    expect(notice(page, "3 images saved as images-")).to_be_visible()
    notice(page, "3 images saved as images-").get_by_role("button", name="Close this message").click()

    page.evaluate(TO_A_FILE)
    do(page, "Download")
    page.get_by_role("button", name="Renditions: display").click()
    expect(notice(page, "3 images saved as images-")).to_be_visible()
    with zipfile.ZipFile(io.BytesIO(bytes(page.evaluate(BYTES)))) as archive:
        assert len(archive.namelist()) == 3
        assert archive.testzip() is None
        assert archive.read(archive.namelist()[0]) not in originals


def test_selected_images_go_to_the_trash_and_for_good(
    pages: Pages, owned: tuple[str, list[dict[str, Any]]], stack: Stack
) -> None:
    owner, _ = owned
    page = pages.open(owner=owner, size=TALL)
    tick(page, "Hill 20").click()
    picture(page, "Hill 1").click(modifiers=["Shift"])
    selected(page, 20)
    page.keyboard.press("Delete")
    expect(notice(page, "20 images moved to the trash.")).to_be_visible()
    selected(page, 0)
    expect(page.locator(".tile")).to_have_count(4)

    notice(page, "20 images moved").get_by_role("button", name="Undo").click()
    expect(notice(page, "20 images restored.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(24)
    tick(page, "Hill 20").click()
    picture(page, "Hill 1").click(modifiers=["Shift"])
    do(page, "Move to trash")
    expect(page.locator(".tile")).to_have_count(4)

    page.get_by_role("link", name="Trash", exact=True).first.click()
    expect(page.locator(".tile")).to_have_count(20)
    page.keyboard.press("Control+a")
    selected(page, 20)
    page.get_by_role("link", name=re.compile("^Hill 5 ")).click()  # the days that are left are said too
    do(page, "Delete for good")
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(notice(page, "19 images deleted for good.")).to_be_visible()

    expect(page.locator(".tile")).to_have_count(1)
    with stack.http(owner) as client:
        assert [card["alt_text"] for card in client.get("/v1/images?trashed=true").json()["items"]] == [
            "Hill 5"
        ]


def test_twenty_are_published_and_tagged_in_few_clicks_and_all_of_it_can_be_undone(
    pages: Pages, owned: tuple[str, list[dict[str, Any]]], stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner, stored = owned
    with stack.http(owner) as client:
        patch(client, stored[3]["id"], visibility="unlisted", tags=["valley"])
    page = pages.open(owner=owner, size=TALL, permissions=CLIPBOARD)

    assert publish(page, 20) <= MOST_CLICKS_TO_PUBLISH
    expect(notice(page, "20 images are now public: everybody can see them.")).to_be_visible()
    expect(page.locator(".badge")).to_have_count(20)
    with stack.http(owner) as client:
        assert len(client.get("/v1/images?visibility=public").json()["items"]) == 20
    notice(page, "now public").get_by_role("button", name="Undo").click()
    expect(notice(page, "20 images are now as before.")).to_be_visible()
    expect(page.locator(".badge")).to_have_count(1)
    with stack.http(owner) as client:
        assert [card["id"] for card in client.get("/v1/images?visibility=unlisted").json()["items"]] == [
            stored[3]["id"]
        ]
        assert client.get("/v1/images?visibility=public").json()["items"] == []
    do(page, "Copy links")
    expect(notice(page, "1 link copied. 19 private images have none.")).to_be_visible()
    page.keyboard.press("Escape")
    selected(page, 0)

    assert add_tag(page, 20, "valley") <= MOST_CLICKS_TO_TAG
    notice(page, "Tags of 20 images changed.").get_by_role("button", name="Undo").click()
    expect(notice(page, "19 images changed back.")).to_be_visible()
    with stack.http(owner) as client:
        tags = [client.get(f"/v1/images/{image['id']}").json()["tags"] for image in stored]
        assert [number for number, some in enumerate(tags) if some] == [3]

    do(page, "Tags")
    box = page.get_by_role("dialog", name="Tags of 20 images").get_by_role("checkbox", name="valley")
    expect(box).to_be_visible()
    assert faults_of(page) == []
    look(page, "selection-tags-light")
    box.check()
    page.get_by_role("button", name="Save").click()
    expect(notice(page, "Tags of 20 images changed.")).to_be_visible()
    with stack.http(owner) as client:
        assert client.get(f"/v1/images/{stored[3]['id']}").json()["tags"] == []


def test_selected_images_go_into_a_new_album_and_out_of_it(
    pages: Pages, owned: tuple[str, list[dict[str, Any]]], stack: Stack
) -> None:
    owner, _ = owned
    page = pages.open(owner=owner)
    tick(page, "Hill 23").click()
    picture(page, "Hill 21").click(modifiers=["Shift"])
    do(page, "Albums")
    page.get_by_label("Add to album").fill("Summer hills")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(notice(page, "Albums of 3 images changed.")).to_be_visible()
    with stack.http(owner) as client:
        albums = client.get("/v1/groups?type=album").json()["items"]
    assert [album["title"] for album in albums] == ["Summer hills"]

    page.goto(f"{stack.api_url}/#/groups/{albums[0]['group']}")
    expect(page.locator(".tile")).to_have_count(3)
    page.keyboard.press("Control+a")
    selected(page, 3)
    picture(page, "Hill 22").click()
    do(page, "Albums")
    page.get_by_role("button", name="Remove from this album").click()
    expect(notice(page, "2 images removed. They are still among all images.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(1)
    selected(page, 0)
    notice(page, "2 images removed").get_by_role("button", name="Undo").click()
    expect(notice(page, "2 images added again.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(3)


def test_what_fails_is_named_and_can_be_tried_again(pages: Pages) -> None:
    images = ManyImages(200, apart=timedelta(hours=6))
    tries: list[int] = []

    def some_fail(route: Route) -> None:
        body: Any = route.request.post_data_json
        ids = body["ids"]
        tries.append(len(ids))
        if len(tries) == 1:
            return route.fulfill(status=429, headers={"Retry-After": "1"}, json={"code": "too_many_requests"})
        stay = [images.id_of(2)] if len(tries) == 2 else []
        failed = [{"id": one, "error": {"code": "not_allowed", "detail": "It is in use."}} for one in stay]
        return route.fulfill(json={"successful": [one for one in ids if one not in stay], "failed": failed})

    page = many(pages, images)
    page.route("**/v1/images/batch-delete", some_fail)
    tick(page, "Picture 0").click()
    picture(page, "Picture 4").click(modifiers=["Shift"])
    page.keyboard.press("Delete")

    progress = page.get_by_role("progressbar", name="Moving to the trash: 5 images")
    expect(progress).to_be_visible()
    failures = page.get_by_role("dialog", name="1 image of 5 could not be changed")
    expect(failures.get_by_role("listitem")).to_have_text("Picture 2It is in use.")
    expect(progress).to_have_count(0)
    assert faults_of(page) == []
    failures.get_by_role("button", name="Try it again").click()
    expect(notice(page, "1 image moved to the trash.")).to_be_visible()
    expect(failures).to_have_count(0)
    assert tries == [5, 5, 1]
    selected(page, 0)


@pytest.mark.parametrize(
    ("scheme", "size", "rules"),
    [
        ("light", DESKTOP, STANDARDS),
        ("dark", (1440, 900), STANDARDS),
        ("light", PHONE, OF_LOOKS),
        ("light", (820, 1180), OF_LOOKS),
        ("dark", (2560, 1440), OF_LOOKS),
    ],
    ids=["1280-light", "1440-dark", "360-light", "820-light", "2560-dark"],
)
def test_a_selection_keeps_the_rules_of_accessibility_and_fits(
    pages: Pages,
    look: Callable[[Page, str], None],
    scheme: str,
    size: tuple[int, int],
    rules: list[str],
) -> None:
    page = many(pages, ManyImages(MANY), scheme=scheme, size=size, reduced_motion="reduce")
    tick(page, "Picture 1").click()
    picture(page, "Picture 4").click(modifiers=["Shift"])
    selected(page, 4)
    faults = faults_of(page, rules)
    look(page, f"selection-{scheme}-{size[0]}")
    do(page, "Download")
    faults += faults_of(page, rules)
    look(page, f"selection-menu-{scheme}-{size[0]}")

    assert faults == []
    box = bar(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size[0]
    for button in bar(page).locator("> button, .selection-actions > button:visible").all():
        inner = button.bounding_box()
        assert inner is not None
        assert box["x"] <= inner["x"]
        assert inner["x"] + inner["width"] <= box["x"] + box["width"]
    assert dates(page).is_visible()
