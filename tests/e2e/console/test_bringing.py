"""The console in a browser: bringing files, having images made, and every screen as anybody finds it (F1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.console.conftest import DESKTOP, PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.stand_ins import PROMPTS, REFUSAL, Generation, answer, statistics
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

OWNER = f"bringing-{uuid4()}"
ADMIN = "images:admin"
STATISTICS = re.compile(r"/v1/stats")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_LOOKS = ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"]
"""The rules that colours and sizes decide; the others find the same on every screen and in every theme."""


@pytest.fixture(scope="module")
def images(stack: Stack) -> list[dict[str, Any]]:
    """Three pictures for jobs to have made, one of them public."""
    with stack.http(OWNER) as client:
        return [
            upload(client, landscape_jpeg(number, size=(600, 400)), alt_text=prompt, visibility=visibility)
            for number, (prompt, visibility) in enumerate(
                zip(PROMPTS, ("private", "unlisted", "public"), strict=True)
            )
        ]


# Making images ---------------------------------------------------------------------------------------------


def test_a_job_is_asked_for_followed_and_tried_again(pages: Pages, images: list[dict[str, Any]]) -> None:
    generation = Generation([image["id"] for image in images])
    page = pages.open("#/generate", owner=OWNER, prepare=generation.put_into)
    page.get_by_label("Prompts").fill("\n".join(PROMPTS))
    page.get_by_label("Provider").select_option("google")
    page.get_by_label("Model").select_option("gemini-3-pro-image")
    page.get_by_label("Size").select_option("1264x848")
    assert page.get_by_label("Format").locator("option").all_inner_texts() == ["Default", "jpeg"]
    page.get_by_label("Background").select_option("opaque")
    page.get_by_label("Format").select_option("jpeg")
    expect(page.locator(".cost")).to_contain_text("About $0.40: 3 images at $0.13 each from Google")
    page.get_by_role("button", name="Generate", exact=True).click()

    items = page.locator(".item")
    expect(page.get_by_role("button", name="Retry failed")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "3")
    expect(items.nth(0)).to_contain_text(f"{PROMPTS[0]}DoneGoogle · gemini-3-pro-image7.3 s$0.13")
    expect(items.nth(0).get_by_role("img")).to_be_visible()
    expect(items.nth(1)).to_contain_text("The provider's content policy refuses this prompt.")
    page.get_by_role("button", name="Retry failed").click()
    expect(page.get_by_role("status").filter(has_text="3 of 3 made")).to_be_visible()

    [body] = generation.asked
    assert [item["prompt"] for item in body["items"]] == PROMPTS
    assert {key: body[key] for key in ("provider", "model")} == {
        "provider": "google",
        "model": "gemini-3-pro-image",
    }
    item = body["items"][0]
    assert (item["size"], item["background"], item["output_format"]) == ("1264x848", "opaque", "jpeg")


def test_a_job_begun_elsewhere_shows_its_prompts_and_its_picture(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    generation = Generation([image["id"] for image in images])
    page = pages.open("#/jobs", owner=OWNER, prepare=generation.put_into)

    first_item = page.locator(".item").first
    expect(first_item).to_contain_text(PROMPTS[0])
    first_item.click()

    items = page.locator(".item")
    expect(items.nth(1)).to_contain_text(PROMPTS[1])
    refused = items.filter(has_text=REFUSAL)
    expect(refused).to_have_count(1)
    assert refused.inner_text().count(REFUSAL) == 1


def test_no_more_references_can_be_chosen_than_a_model_takes(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    generation = Generation([image["id"] for image in images])

    def references(route: Route) -> None:
        cards = [{**images[0], "id": f"r{number}", "thumb_url": "/assets/mark.svg"} for number in range(16)]
        route.fulfill(json={"items": cards, "next_cursor": None})

    def prepare(page: Page) -> None:
        generation.put_into(page)
        page.route(re.compile(r"/v1/images\?"), references)

    page = pages.open("#/generate", owner=OWNER, prepare=prepare)
    page.get_by_label("Prompts").fill("A lake")
    page.get_by_role("button", name="Choose from your images").click()
    boxes = page.locator(".picker-list input")
    expect(boxes).to_have_count(16)
    for number in range(10):
        boxes.nth(number).check(force=True)
    expect(boxes.nth(10)).to_be_disabled()
    page.get_by_role("button", name="Use 10 images").click()
    page.get_by_label("Provider").select_option("google")
    page.get_by_label("Model").select_option("gemini-3-pro-image")
    expect(page.get_by_text("10 reference images are too many: at most 4.")).to_be_visible()
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_disabled()


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_labels_of_plots_have_one_size_whatever_the_width(pages: Pages, width: int) -> None:
    page = pages.open("#/statistics", owner=OWNER, size=(width, 800))
    label = page.locator(".plot text").first
    expect(label).to_be_attached()

    height = label.evaluate("(text) => text.getBoundingClientRect().height")

    assert 10 <= height <= 20


def test_figures_are_plots_with_their_numbers_beside_them(pages: Pages) -> None:
    """C4: storage by day, formats, cost by provider and day, success rate."""

    def prepare(page: Page) -> None:
        page.route(STATISTICS, lambda route: answer(route, statistics()))
        Generation([]).put_into(page)

    page = pages.open("#/statistics", owner=OWNER, prepare=prepare)

    for title in ("Storage by day", "Formats", "Cost by provider and day", "Success rate by provider"):
        plot = page.locator("figure", has=page.locator("figcaption", has_text=re.compile(f"^{title}$")))
        expect(plot.locator("svg")).to_be_visible()
        plot.get_by_text("As numbers").click()
        assert plot.locator("tbody tr").count() >= 3


def test_an_admin_sees_what_cleanup_would_remove(pages: Pages) -> None:
    page = pages.open("#/cleanup", owner="admin", scope=ADMIN)
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", name="What a run would remove")).to_be_visible()
    expect(page.get_by_text("would be freed")).to_be_visible()


def test_without_the_admin_scope_there_is_nothing_to_press(pages: Pages) -> None:
    page = pages.open("#/cleanup", owner=OWNER)

    expect(page.get_by_role("alert")).to_contain_text("This is for administrators of the store.")
    expect(page.get_by_role("button", name="Preview")).to_have_count(0)
    expect(page.get_by_role("navigation").get_by_role("link", name="Cleanup")).to_have_count(0)


# Every screen ----------------------------------------------------------------------------------------------

SCREENS = {
    "images": ("", ".tile"),
    "group": ("#/groups/none%3Athere", ".empty"),
    "upload": ("#/upload", ".drop"),
    "generate": ("#/generate", "form.columns"),
    "job": ("#/jobs/019ca945-0a00-7000-8000-0000000000aa", ".item"),
    "jobs": ("#/jobs", ".item"),
    "providers": ("#/providers", "table"),
    "statistics": ("#/statistics", ".plot"),
    "health": ("#/health", ".card table, .card .empty"),
    "cleanup": ("#/cleanup", ".card:not([hidden])"),
    "shares": ("#/shares", ".empty"),
    "trash": ("#/trash", ".empty"),
    "keys": ("#/keys", ".card table"),
    "webhooks": ("#/webhooks", ".card table"),
    "connect": ("#/connect", ".copy-block"),
}


def faults_of(page: Page, rules: list[str] = STANDARDS) -> list[str]:
    """What axe-core finds wrong with a page."""
    violations = (
        Axe().run(page, options={"resultTypes": ["violations"], "runOnly": rules}).response["violations"]
    )
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in violations
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "size", "rules"),
    [("light", DESKTOP, STANDARDS), ("dark", PHONE, OF_LOOKS)],
    ids=["light", "dark-phone"],
)
def test_every_screen_keeps_the_rules_of_accessibility_and_fits(
    pages: Pages,
    images: list[dict[str, Any]],
    look: Callable[[Page, str], None],
    scheme: str,
    size: tuple[int, int],
    rules: list[str],
) -> None:
    def prepare(page: Page) -> None:
        page.route(STATISTICS, lambda route: answer(route, statistics()))
        Generation([image["id"] for image in images]).put_into(page)

    page = pages.open(
        owner=OWNER, scope=ADMIN, scheme=scheme, size=size, prepare=prepare, reduced_motion="reduce"
    )
    page.locator(".tile").first.wait_for()
    faults: dict[str, list[str]] = {}
    for name, (address, shown) in SCREENS.items():
        page.evaluate(
            "(address) => { document.querySelector('main').replaceChildren(); location.hash = address; }",
            address or "#/",
        )
        page.locator(f"main {shown}" if "," not in shown else shown).first.wait_for()
        faults[name] = faults_of(page, rules)
        width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        faults[name] += [f"{width[0]} px wide"] if width[0] > width[1] else []
        look(page, f"{name}-{scheme}-{size[0]}")

    assert {name: violations for name, violations in faults.items() if violations} == {}


@pytest.mark.parametrize(
    ("scheme", "size"), [("dark", DESKTOP), ("light", PHONE)], ids=["dark", "light-phone"]
)
def test_an_image_its_form_and_its_messages_keep_them_too(
    pages: Pages,
    images: list[dict[str, Any]],
    look: Callable[[Page, str], None],
    scheme: str,
    size: tuple[int, int],
) -> None:
    page = pages.open(owner=OWNER, scheme=scheme, size=size, reduced_motion="reduce")
    page.get_by_role("button", name="Filters").click()
    faults = faults_of(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name=PROMPTS[2]).click()
    expect(page.get_by_role("heading", name="Details")).to_be_visible()
    faults += faults_of(page)
    look(page, f"image-{scheme}-{size[0]}")
    page.get_by_role("button", name="Copy", exact=True).click()
    faults += faults_of(page)
    page.keyboard.press("e")
    page.get_by_label("Title").wait_for()
    faults += faults_of(page)
    look(page, f"edit-{scheme}-{size[0]}")

    assert faults == []


def test_strangers_find_a_page_that_keeps_them_as_well(
    pages: Pages, look: Callable[[Page, str], None]
) -> None:
    page = pages.open(size=PHONE)
    page.locator(".welcome").wait_for()
    faults = faults_of(page)
    look(page, "welcome-light-360")
    page.locator(".welcome").get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Who are you?").wait_for()
    faults += faults_of(page)

    assert faults == []


def test_what_a_first_visit_loads_is_little_and_in_few_requests(
    pages: Pages, images: list[dict[str, Any]]
) -> None:
    """F1: page, style, script, mark and the first images, which are asked for once."""
    page = pages.open(owner=OWNER, locale="en-IE")  # a window for itself: nothing is cached
    page.locator(".tile.is-loaded").first.wait_for()
    loaded = page.evaluate(
        """performance.getEntriesByType("resource").filter(({ name }) => name.startsWith(origin))
          .map(({ name, decodedBodySize }) => [name.slice(origin.length).split("?v=")[0], decodedBodySize])"""
    )
    names = [name for name, _ in loaded]
    own = {"/assets/console.css", "/assets/main.js", "/assets/mark.svg", "/v1/images?limit=50"}

    assert own <= set(names)
    assert names.count("/v1/images?limit=50") == 1
    assert {name for name in names if not name.startswith(("/v1/images/", "/cdn/"))} == own
    assert sum(size for name, size in loaded if name.endswith(".js")) < 100_000
