"""One image in the console: looked at closely, compared, described, and changed by two people at once (issue 20)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.console.conftest import PHONE, WAIT_MS
from tests.e2e.console.fingers import Fingers
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.stand_ins import Generation
from tests.e2e.console.test_bringing import faults_of
from tests.e2e.test_images import patch, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from playwright.sync_api import Locator, Page, Request

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

OWNER = f"viewing-{uuid4()}"
PROMPT = "A lighthouse at dusk, watercolour"
MADE = {
    "prompt": PROMPT,
    "model": "gemini-3-pro-image",
    "provider": "google",
    "size": "1264x848",
    "seed": 42,
    "cost_usd": 0.134,
    "duration_ms": 7300,
}
POLL_MS = 100
CLIPBOARD = ["clipboard-read", "clipboard-write"]
SCALE = """(frame) => new DOMMatrix(frame.style.transform).a"""
UNDER_POINT = """([x, y]) => {
  const { left, top, width, height } = document.querySelector(".stage-picture").getBoundingClientRect();
  return [(x - left) / width, (y - top) / height];
}"""
"""Which place of the picture, as shares of its sides, is at a point of the window."""
SLOW = (
    """Object.defineProperty(navigator, "connection", { value: { saveData: true, effectiveType: "4g" } })"""
)
ONE_IMAGE = re.compile(r"/v1/images/[0-9a-f-]{36}$")


@pytest.fixture(scope="module")
def images(stack: Stack) -> list[dict[str, Any]]:
    """Three images, the newest first; the middle one was generated from the oldest."""
    with stack.http(OWNER) as client:
        oldest = upload(client, landscape_jpeg(1, size=(500, 700)), alt_text="Hills 1")
        middle = generated(client, reference_ids=[oldest["id"]])
        newest = upload(client, landscape_jpeg(3, size=(600, 600)), alt_text="Hills 3")
    return [newest, middle, oldest]


def generated(client: httpx.Client, **provenance: Any) -> dict[str, Any]:
    """An image that says how it was made."""
    body = {
        "source": {"base64": base64.b64encode(landscape_jpeg(2, size=(800, 450))).decode()},
        "alt_text": "Hills 2",
        "generation": {**MADE, **provenance},
    }
    answer = client.post("/v1/images", json=body)
    assert answer.status_code == 201, answer.text
    image: dict[str, Any] = answer.json()
    return image


def open_image(pages: Pages, image: dict[str, Any], **options: Any) -> Page:
    """Open an image from the gallery."""
    page = pages.open(owner=OWNER, **options)
    page.get_by_role("link", name=image["alt_text"], exact=True).click()
    expect(shown(page, image)).to_be_visible()
    return page


def shown(page: Page, image: dict[str, Any]) -> Locator:
    """The picture of an image on the stage."""
    return page.locator("dialog.viewer .stage").get_by_role("img", name=image["alt_text"])


def transform(page: Page, stage: int = 0) -> str:
    """Where and how large the picture of a stage is."""
    style: str = page.locator(".stage-frame").nth(stage).evaluate("(frame) => frame.style.transform")
    return style


def records_read(page: Page) -> list[str]:
    """The ids of the images whose records are requested from now on."""
    ids: list[str] = []

    def note(request: Request) -> None:
        if request.method == "GET" and ONE_IMAGE.search(request.url):
            ids.append(request.url.rsplit("/", 1)[1])

    page.on("request", note)
    return ids


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait until something is so; the page goes on meanwhile."""
    for _ in range(WAIT_MS // POLL_MS):
        if is_so():
            return
        page.wait_for_timeout(POLL_MS)
    assert is_so()


def test_fingers_zoom_around_their_place_and_swipe_to_the_next_image(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    newest, middle, _ = images
    page = open_image(pages, newest, size=PHONE, has_touch=True)
    fingers = Fingers(page)
    box = page.locator(".stage").bounding_box()
    assert box is not None
    point = (box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.55)
    place = page.evaluate(UNDER_POINT, point)

    fingers.tap_twice(point)
    expect(page.locator(".stage")).to_have_class(re.compile("is-zoomed"))
    after_tap = page.evaluate(UNDER_POINT, point)
    fingers.tap_twice(point)
    expect(page.locator(".stage")).not_to_have_class(re.compile("is-zoomed"))
    x, y = point
    fingers.move(((x - 20, y), (x + 20, y)), ((x - 60, y), (x + 60, y)))
    after_pinch = page.evaluate(UNDER_POINT, point)

    assert after_tap == pytest.approx(place, abs=0.01)
    assert after_pinch == pytest.approx(place, abs=0.03)
    assert "scale(3" in transform(page) or "scale(2.9" in transform(page)
    page.keyboard.press("0")
    fingers.swipe((box["x"] + 40, y), (box["x"] + 260, y))  # There is no image before the newest.
    expect(page.locator(".stage-frame")).to_have_js_property("style.translate", "")
    expect(shown(page, newest)).to_be_visible()
    fingers.swipe((box["x"] + 300, y), (box["x"] + 60, y))
    expect(shown(page, middle)).to_be_visible()


def test_keys_zoom_and_move_and_the_images_beside_are_at_hand(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    newest, middle, oldest = images
    page = pages.open(owner=OWNER)
    expect(page.locator(".tile.is-loaded")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    read = records_read(page)
    page.get_by_role("link", name="Hills 2", exact=True).click()
    expect(shown(page, middle)).to_be_visible()
    until(page, lambda: set(read) == {image["id"] for image in images})
    page.wait_for_load_state("networkidle")
    before = len(read)
    page.keyboard.press("ArrowRight")
    expect(shown(page, oldest)).to_be_visible()
    assert oldest["id"] not in read[before:]
    page.keyboard.press("ArrowLeft")
    expect(shown(page, middle)).to_be_visible()
    for _ in range(4):
        page.keyboard.press("+")
    whole = transform(page)
    page.keyboard.press("Shift+ArrowRight")
    assert transform(page) != whole
    expect(shown(page, middle)).to_be_visible()
    page.keyboard.press("0")
    assert transform(page) == ""

    slow = pages.open(owner=OWNER, prepare=lambda page: page.add_init_script(SLOW))
    expect(slow.locator(".tile.is-loaded")).to_have_count(3)
    read = records_read(slow)
    slow.get_by_role("link", name="Hills 2", exact=True).click()
    expect(shown(slow, middle)).to_be_visible()
    slow.wait_for_timeout(1_000)  # in which they would be read
    assert newest["id"] not in read


def test_two_images_are_compared_side_by_side_and_under_a_divider(
    pages: Pages, images: list[dict[str, Any]], look: Callable[[Page, str], None]
) -> None:
    _, middle, oldest = images
    page = open_image(pages, middle, size=(1440, 900))
    page.keyboard.press("c")
    compare = page.get_by_role("dialog", name="Compare two images")
    expect(compare.get_by_role("img", name="Hills 2")).to_be_visible()
    expect(compare.get_by_role("img", name="Hills 1")).to_be_visible()

    page.keyboard.press("+")
    box = compare.locator(".stage").nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 300)
    page.mouse.wheel(0, -100)

    assert [compare.locator(".stage-frame").nth(side).evaluate(SCALE) for side in (0, 1)] == [
        pytest.approx(1.8)
    ] * 2
    faults = faults_of(page)
    look(page, "compare-light-1440")
    compare.get_by_role("radio", name="Divider").check()
    divider = compare.get_by_role("slider", name="Divider between the images")
    divider.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuetext", "55 % first image")
    divider.press("End")
    expect(divider).to_have_attribute("aria-valuenow", "100")
    faults += faults_of(page)
    page.set_viewport_size({"width": 360, "height": 740})
    faults += faults_of(page)
    look(page, "compare-light-360")
    assert faults == []

    compare.get_by_role("button", name="Next image as the first image").is_disabled()
    compare.get_by_role("button", name="Exchange the images").click()
    expect(compare.locator(".compare-caption").first).to_contain_text(oldest["filename"])
    compare.get_by_role("button", name="Previous image as the second image").click()
    expect(compare.get_by_role("img", name="Hills 3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(compare).to_have_count(0)
    expect(shown(page, middle)).to_be_visible()


def test_a_prompt_is_copied_and_more_like_it_are_asked_for(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    newest, middle, oldest = images
    generation = Generation([image["id"] for image in images])
    page = open_image(pages, middle, permissions=CLIPBOARD, prepare=generation.put_into)
    panel = page.locator(".facts")
    for text in (PROMPT, "gemini-3-pro-image", "42", "$0.13", "7.3 s", middle["url"], "0.4 MP"):
        expect(panel).to_contain_text(text)
    expect(panel.get_by_role("link", name="Reference image 1")).to_have_attribute(
        "href", f"#/images/{oldest['id']}"
    )
    panel.get_by_role("button", name="Copy prompt").click()
    expect(page.locator(".notice", has_text="Prompt copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == PROMPT

    panel.get_by_role("link", name="Generate more like this").click()
    expect(page.get_by_role("heading", name="Generate more like this")).to_be_visible()
    expect(page.get_by_label("Prompts")).to_have_value(PROMPT)
    expect(page.get_by_label("Model")).to_have_value("gemini-3-pro-image")
    expect(page.get_by_label("Size")).to_have_value("1264x848")
    expect(page.get_by_label("Seed")).to_have_value("42")
    references = page.get_by_role("list", name="Chosen reference images")
    expect(references.get_by_role("img")).to_have_count(2)
    references.get_by_role("button", name="Remove this reference image").nth(1).click()
    page.get_by_role("button", name="Choose from your images").click()
    picker = page.get_by_role("dialog", name="Choose reference images")
    expect(picker.get_by_role("checkbox", name="Hills 2")).to_be_checked()
    picker.get_by_role("checkbox", name="Hills 3").check(force=True)
    expect(picker.get_by_text("2 of at most 4 chosen")).to_be_visible()
    assert faults_of(page) == []
    picker.get_by_role("button", name="Use 2 images").click()
    expect(references.get_by_role("img")).to_have_count(2)
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.get_by_role("heading", name="Job")).to_be_visible()

    [body] = generation.asked
    [item] = body["items"]
    assert (item["prompt"], item["size"], item["seed"]) == (PROMPT, "1264x848", 42)
    assert item["reference_ids"] == [middle["id"], newest["id"]]
    assert (body["provider"], body["model"]) == ("google", "gemini-3-pro-image")


def test_what_two_people_changed_is_chosen_and_nothing_typed_is_lost(
    pages: Pages, stack: Stack, look: Callable[[Page, str], None]
) -> None:
    owner = f"editing-{uuid4()}"
    with stack.http(owner) as client:
        image = upload(client, landscape_jpeg(4, size=(320, 200)), alt_text="A lake", tag="water")
    page = pages.open(f"#/images/{image['id']}", owner=owner)
    page.get_by_role("button", name="Edit tags").click()
    form = page.locator(".edit")
    expect(form.get_by_label("Tags", exact=True)).to_be_focused()
    form.get_by_label("Title", exact=True).fill("Mine")
    form.get_by_label("Category", exact=True).fill("lakes")
    with stack.http(owner) as client:
        patch(client, image["id"], title="Theirs", tags=["water", "summer"])

    page.get_by_role("button", name="Save").click()

    box = page.get_by_role("region", name="Changed by somebody else")
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed this image since you opened it.")
    expect(box).to_contain_text("Taken over: Tags.")
    expect(form.get_by_label("Title", exact=True)).to_have_value("Mine")
    expect(form.get_by_label("Category", exact=True)).to_have_value("lakes")
    expect(form.get_by_label("Tags", exact=True)).to_have_value("water, summer")
    assert faults_of(page) == []
    look(page, "edit-conflict-light-1280")
    page.get_by_role("radio", name="Theirs Theirs").check()
    expect(form.get_by_label("Title", exact=True)).to_have_value("Theirs")
    page.get_by_role("radio", name="Yours Mine").check()
    page.reload()  # What was typed is kept with what it began with.
    expect(form.get_by_label("Title", exact=True)).to_have_value("Mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()

    with stack.http(owner) as client:
        stored = client.get(f"/v1/images/{image['id']}").json()
    assert (stored["title"], stored["category"], stored["tags"]) == ("Mine", "lakes", ["water", "summer"])
