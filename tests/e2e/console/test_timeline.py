"""The gallery as a timeline: any month at once, one's place kept, and few elements for any number of images (I2)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.console.conftest import DESKTOP, PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.many_images import LIST, TIMELINE, ManyImages
from tests.e2e.console.test_bringing import ADMIN, OF_LOOKS, STANDARDS, faults_of
from tests.e2e.test_find import eventually
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from playwright.sync_api import Locator, Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

OWNER = f"dated-{uuid4()}"
MONTHS = [f"{year}-{month:02}" for year in (2026, 2025, 2024) for month in (11, 9, 6, 3)]
A_MONTH = 6
MANY = 100_000
MOST_ELEMENTS = 600
ON_SCREEN = """(name) => {
  const box = document.querySelector(`img[alt="${name}"]`)?.getBoundingClientRect();
  return Boolean(box) && box.bottom > 64 && box.top < innerHeight;
}"""


@pytest.fixture(scope="module")
def dated(stack: Stack) -> list[dict[str, Any]]:
    """Images of three years, the newest first: more than a first page, so that most are not loaded at first."""
    with stack.http(OWNER, scope=ADMIN) as client:
        stored = [
            upload(
                client,
                landscape_jpeg(number % A_MONTH, size=(360, 240)),
                alt_text=f"{month}, number {number}",
                created_at=f"{month}-1{number}T12:00:00Z",
            )
            for month in reversed(MONTHS)
            for number in range(A_MONTH)
        ]
        eventually(lambda: counted(client), dict.fromkeys(MONTHS, A_MONTH))
    return stored[::-1]


def counted(client: httpx.Client) -> dict[str, int]:
    """The images of each month, as the store counts them."""
    return {month["month"]: month["images"] for month in client.get("/v1/timeline").json()["items"]}


def bar(page: Page) -> Locator:
    """The bar of dates."""
    return page.get_by_role("slider", name="Date")


def height_of(page: Page, month: str) -> float:
    """Where on the bar the pointer finds a month, from the top of the window."""
    box = bar(page).bounding_box()
    assert box is not None
    for step in range(2, int(box["height"]), 2):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + step)
        if (bar(page).get_attribute("aria-valuetext") or "").startswith(f"{month}, "):
            return box["y"] + step
    raise AssertionError(month)


def press(page: Page, month: str) -> None:
    """Press the bar once, where it says the month."""
    height = height_of(page, month)
    box = bar(page).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, height)


def is_on_screen(page: Page, name: str) -> None:
    """Wait until a picture is seen."""
    page.wait_for_function(ON_SCREEN, arg=name)


def many(pages: Pages, images: ManyImages, **options: Any) -> Page:
    """A gallery of computed images, with its bar of dates."""
    page = pages.open(owner=f"many-{uuid4()}", prepare=images.put_into, **options)
    expect(bar(page)).to_be_visible()
    return page


def focused(page: Page) -> str:
    """The picture that has the focus."""
    name: str = page.evaluate("document.activeElement.querySelector('img')?.alt ?? ''")
    return name


# What is stored --------------------------------------------------------------------------------------------


def test_one_press_finds_a_month_of_which_nothing_is_loaded(
    pages: Pages, dated: list[dict[str, Any]], look: Callable[[Page, str], None]
) -> None:
    page = pages.open(owner=OWNER)
    expect(bar(page)).to_have_attribute("aria-valuetext", f"November 2026, {A_MONTH} images")
    assert page.get_by_role("img", name="2024-03, number 5").count() == 0

    press(page, "March 2024")

    is_on_screen(page, "2024-03, number 5")
    expect(page.get_by_role("heading", name="March 2024")).to_be_in_viewport()
    look(page, "timeline-light-1280")


def test_a_finger_on_the_bar_reaches_the_last_month(pages: Pages, dated: list[dict[str, Any]]) -> None:
    page = pages.open(owner=OWNER, size=PHONE, has_touch=True)
    expect(bar(page)).to_be_visible()
    box = bar(page).bounding_box()
    assert box is not None

    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] - 3)

    is_on_screen(page, "2024-03, number 0")
    expect(bar(page)).to_have_attribute("aria-valuetext", f"March 2024, {A_MONTH} images")


def test_keys_on_the_bar_go_by_month_by_year_and_to_the_ends(
    pages: Pages, dated: list[dict[str, Any]]
) -> None:
    page = pages.open(owner=OWNER, size=(1280, 400))
    bar(page).focus()
    months = []
    for key in ("ArrowDown", "PageDown", "PageDown", "ArrowUp", "PageUp", "Home", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
        months.append((bar(page).get_attribute("aria-valuetext") or "").partition(",")[0])

    assert months == [
        "September 2026",
        "November 2025",
        "November 2024",
        "March 2025",
        "November 2026",
        "November 2026",
        "September 2026",
        "June 2026",
    ]
    is_on_screen(page, "2026-06, number 5")


def test_a_place_is_kept_through_a_picture_another_screen_and_a_reload(
    pages: Pages, dated: list[dict[str, Any]]
) -> None:
    page = pages.open(owner=OWNER)
    expect(bar(page)).to_be_visible()
    press(page, "March 2025")
    is_on_screen(page, "2025-03, number 5")
    page.get_by_role("link", name="2025-03, number 4").click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".stage").get_by_role("img", name="2025-03, number 3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="2025-03, number 3")).to_be_focused()
    place = page.evaluate("scrollY")

    page.get_by_role("link", name="Statistics").first.click()
    expect(page.get_by_role("heading", name="Statistics")).to_be_visible()
    page.go_back()
    is_on_screen(page, "2025-03, number 5")
    back = page.evaluate("scrollY")
    page.reload()
    is_on_screen(page, "2025-03, number 5")
    expect(bar(page)).to_be_visible()

    assert back == pytest.approx(place, abs=4)
    page.wait_for_function(f"Math.abs(scrollY - {place}) < 4")
    page.get_by_role(
        "link", name="Images", exact=True
    ).first.click()  # of the screen that is open: to its top
    page.wait_for_function("scrollY === 0")


def test_a_picture_that_was_reloaded_is_left_for_its_place_among_the_others(
    pages: Pages, dated: list[dict[str, Any]]
) -> None:
    last = dated[-2]
    page = pages.open(f"#/images/{last['id']}", owner=OWNER)
    expect(page.get_by_role("heading", name="Details")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name=last["alt_text"])).to_be_focused()
    is_on_screen(page, last["alt_text"])


def test_a_deletion_leaves_the_others_where_they_are_and_can_be_undone(pages: Pages, stack: Stack) -> None:
    owner = f"deleting-{uuid4()}"
    with stack.http(owner, scope=ADMIN) as client:
        for number in range(60):
            month = 9 - number // 10
            upload(
                client,
                landscape_jpeg(number % 7, size=(150, 100)),
                alt_text=f"Hill {number}",
                created_at=f"2025-0{month}-{28 - number % 10}T12:00:00Z",
            )
        eventually(lambda: sum(counted(client).values()), 60)
    page = pages.open(owner=owner)
    expect(bar(page)).to_be_visible()
    press(page, "April 2025")
    is_on_screen(page, "Hill 53")
    page.get_by_role("link", name="Hill 53").click()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.locator(".stage").get_by_role("img", name="Hill 54")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name="Hill 54")).to_be_focused()
    expect(page.get_by_role("link", name="Hill 53")).to_have_count(0)
    expect(bar(page)).to_have_attribute("aria-valuetext", re.compile("2025, "))
    page.get_by_role("button", name="Undo", exact=True).click()
    is_on_screen(page, "Hill 53")
    names = page.locator(".month", has=page.get_by_role("heading", name="April 2025")).locator("img")
    expect(names).to_have_count(10)
    assert [name.get_attribute("alt") for name in names.all()] == [
        f"Hill {number}" for number in range(50, 60)
    ]


# Very many -------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_images_are_few_elements_wherever_one_is(pages: Pages) -> None:
    images = ManyImages(MANY)
    page = many(pages, images)
    most = page.locator("*").count()
    for part in (0.2, 0.5, 0.8, 1, 0.35):
        page.evaluate(f"scrollTo(0, document.body.scrollHeight * {part})")
        page.locator(".tile.is-loaded").first.wait_for()
        page.wait_for_timeout(300)
        most = max(most, page.locator("*").count())

    assert most < MOST_ELEMENTS
    # What was passed was not asked for: a page for what is near each place, and no more.
    assert len(images.requests) < 40


def test_keys_go_to_the_ends_and_by_screens(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY))
    page.locator(".tile a").first.focus()
    visited = []
    for key in ("PageDown", "PageDown", "PageUp", "End", "ArrowLeft", "Home"):
        before = focused(page)
        page.keyboard.press(key)
        page.wait_for_function(
            "(before) => document.activeElement.querySelector('img')?.alt !== before", arg=before
        )
        visited.append(int(focused(page).removeprefix("Picture ")))
        is_on_screen(page, focused(page))

    first, second, third, *others = visited
    assert 0 < first < second
    assert third == pytest.approx(first, abs=3)
    assert others == [MANY - 1, MANY - 2, 0]


def test_the_focus_stays_when_its_picture_leaves_the_screen(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY))
    page.get_by_role("link", name="Picture 2", exact=True).focus()

    page.evaluate("scrollTo(0, 500000)")
    page.wait_for_function("scrollY > 400000")
    page.wait_for_timeout(400)

    assert focused(page) == "Picture 2"
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name="Picture 3", exact=True)).to_be_focused()
    is_on_screen(page, "Picture 3")


def test_what_is_not_counted_yet_is_found_all_the_same(pages: Pages) -> None:
    """The figures follow changes: the oldest months and some images of the others are missing here."""
    images = ManyImages(900, apart=timedelta(hours=6), counted=400)
    page = many(pages, images)

    for _ in range(60):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(60)
        if page.get_by_text("That is all").count():
            break

    expect(page.get_by_text("That is all: 900 images.")).to_be_attached()
    expect(page.get_by_role("link", name="Picture 899", exact=True)).to_be_attached()


def test_what_is_counted_but_gone_leaves_no_gap(pages: Pages) -> None:
    page = many(pages, ManyImages(300, apart=timedelta(hours=6), counted=500))

    for _ in range(60):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(60)
        if page.get_by_text("That is all").count():
            break

    expect(page.get_by_text("That is all: 300 images.")).to_be_attached()
    assert page.locator(".is-partly").count() == 0


def test_pages_that_come_above_move_nothing_on_the_screen(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY))
    press(page, "March 2024")
    page.locator(".tile.is-loaded").first.wait_for()
    page.wait_for_timeout(500)
    top = "(name) => document.querySelector(`img[alt='${name}']`).getBoundingClientRect().top"
    name = page.locator(".month", has=page.get_by_role("heading", name="March 2024").first).locator("img")
    seen = name.first.get_attribute("alt")
    before = page.evaluate(top, seen)

    for _ in range(12):
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(120)
        page.mouse.wheel(0, 300)
        page.wait_for_timeout(120)

    assert page.evaluate(top, seen) == pytest.approx(before, abs=2)


def test_a_page_that_fails_far_down_can_be_tried_again_there(pages: Pages) -> None:
    images = ManyImages(MANY)
    page = many(pages, images)
    failures = ["once"]

    def fail_once(route: Route) -> None:
        if failures:
            failures.pop()
            return route.fulfill(status=503, content_type="application/json", body="{}")
        return route.fallback()

    page.route(LIST, fail_once)
    press(page, "March 2022")

    expect(page.get_by_role("alert")).to_be_in_viewport()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator(".tile.is-loaded").first.wait_for()
    expect(bar(page)).to_have_attribute("aria-valuetext", re.compile("March 2022"))


def test_without_a_timeline_the_gallery_goes_on_from_page_to_page(pages: Pages) -> None:
    images = ManyImages(300)

    def prepare(page: Page) -> None:
        images.put_into(page)
        page.route(
            TIMELINE, lambda route: route.fulfill(status=503, content_type="application/json", body="{}")
        )

    page = pages.open(owner="no-timeline", prepare=prepare)
    expect(page.locator(".tile").first).to_be_visible()
    for _ in range(40):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(60)
        if page.get_by_text("That is all").count():
            break

    expect(page.get_by_text("That is all: 300 images.")).to_be_attached()
    assert bar(page).count() == 0


def test_the_size_of_pictures_is_chosen_for_good_and_the_place_stays(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY), locale="en-NZ")  # a window for itself: the choice is kept there
    press(page, "May 2025")
    page.locator(".tile.is-loaded").first.wait_for()
    page.wait_for_timeout(400)
    larger = page.get_by_role("button", name="Larger pictures")
    smaller = page.get_by_role("button", name="Smaller pictures")
    count = page.locator(".tile").count()

    page.keyboard.press("-")
    page.keyboard.press("-")
    page.wait_for_timeout(400)

    assert page.locator(".tile").count() > 2 * count
    expect(bar(page)).to_have_attribute("aria-valuetext", re.compile("May 2025"))
    page.reload()
    expect(bar(page)).to_have_attribute("aria-valuetext", re.compile("May 2025"))
    expect(smaller).to_have_attribute("aria-disabled", "true")
    page.evaluate("scrollTo(0, 0)")
    for _ in range(3):
        larger.click()
    expect(larger).to_have_attribute("aria-disabled", "true")
    page.wait_for_timeout(200)
    assert page.locator(".tile").count() < count


def test_a_slideshow_goes_on_by_itself_and_leaves_one_at_its_last_picture(pages: Pages) -> None:
    page = many(pages, ManyImages(MANY))
    page.get_by_role("link", name="Picture 7", exact=True).click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    page.get_by_role("button", name="Slideshow").click()
    show = page.get_by_role("dialog", name="Slideshow")
    picture = show.get_by_role("img")
    expect(picture).to_have_attribute("alt", "Picture 7")
    expect(show.get_by_role("button", name="Pause")).to_be_focused()

    show.get_by_label("Seconds for each image").select_option("3 s")
    expect(picture).to_have_attribute("alt", "Picture 8")
    expect(show.locator("p")).to_have_text("Picture 8")
    show.get_by_role("button", name="Pause").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("alt", "Picture 10")
    page.wait_for_timeout(3_400)
    expect(picture).to_have_attribute("alt", "Picture 10")
    assert faults_of(page) == []
    page.keyboard.press("Escape")

    expect(show).to_have_count(0)
    expect(page.locator(".viewer-name")).to_have_text("10.jpg")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Picture 10", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    ("scheme", "size", "rules"),
    [
        ("light", DESKTOP, STANDARDS),
        ("dark", PHONE, STANDARDS),
        ("light", (820, 1180), OF_LOOKS),
        ("dark", (1440, 900), OF_LOOKS),
        ("light", (2560, 1440), OF_LOOKS),
    ],
    ids=["1280-light", "360-dark", "820-light", "1440-dark", "2560-light"],
)
def test_the_timeline_keeps_the_rules_of_accessibility_and_fits(
    pages: Pages,
    look: Callable[[Page, str], None],
    scheme: str,
    size: tuple[int, int],
    rules: list[str],
) -> None:
    page = many(pages, ManyImages(MANY), scheme=scheme, size=size, reduced_motion="reduce")
    faults = faults_of(page, rules)
    press(page, "July 2023")
    bar(page).focus()
    page.locator(".tile.is-loaded").first.wait_for()
    faults += faults_of(page, rules)
    look(page, f"timeline-{scheme}-{size[0]}")

    assert faults == []
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
    box, add = bar(page).bounding_box(), page.locator(".screen-actions").bounding_box()
    assert box is not None
    assert add is not None
    assert add["x"] + add["width"] <= box["x"] + 1
