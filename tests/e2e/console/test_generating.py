"""Having images made in the console: what they cost, an image that is changed and sent again, earlier prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.console.conftest import PHONE
from tests.e2e.console.landscapes import landscape_jpeg
from tests.e2e.console.stand_ins import JOB_ID, PROMPTS, Generation
from tests.e2e.console.test_bringing import faults_of
from tests.e2e.test_images import upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.conftest import Stack
    from tests.e2e.console.conftest import Pages

OWNER = f"generating-{uuid4()}"


@pytest.fixture(scope="module")
def image_ids(stack: Stack) -> list[str]:
    """The images of a job."""
    with stack.http(OWNER) as client:
        return [
            upload(client, landscape_jpeg(number, size=(300, 200)), alt_text=prompt)["id"]
            for number, prompt in enumerate(PROMPTS)
        ]


def test_the_cost_is_told_before_it_is_spent(pages: Pages, look: Callable[[Page, str], None]) -> None:
    page = pages.open("#/generate", owner=OWNER, prepare=Generation([]).put_into)
    cost = page.locator(".cost")
    page.get_by_label("Prompts").fill("A lake\nA hill")
    expect(cost).to_contain_text("2 images")
    expect(cost).to_contain_text("About $0.27: 2 images at $0.13 each from Google (gemini-3-pro-image).")
    expect(cost).to_contain_text("Your budget has left: $0.50 of $1.00 today.")

    page.get_by_label("All lines are one prompt").check()
    expect(cost).to_contain_text("About $0.13 from Google")
    page.get_by_label("Provider").select_option("cloudflare")
    expect(cost).to_contain_text(
        "About $0.002 from Cloudflare (flux-1-schnell). Up to $0.13 if another provider"
    )
    page.get_by_label("Provider").select_option("openai")
    expect(cost).to_contain_text("paid with your own key")
    page.get_by_label("Provider").select_option("google")
    page.get_by_label("Images per prompt").fill("9")
    expect(cost).to_contain_text("This is not enough.")
    assert page.get_by_label("Size").locator("optgroup").evaluate_all(
        "(groups) => groups.map((g) => g.label)"
    ) == [
        "Square",
        "Landscape",
    ]
    assert faults_of(page) == []
    look(page, "generate-cost-light-1280")
    page.reload()
    expect(page.get_by_label("Prompts")).to_have_value("A lake\nA hill")
    expect(page.get_by_label("Images per prompt")).to_have_value("9")

    page.goto(page.url.replace("#/generate", "#/providers"))
    prices = page.get_by_role("region", name="Price of an image by model").locator("tbody tr")
    expect(prices).to_have_count(3)
    assert [row.split("\t")[:2] for row in prices.all_inner_texts()] == [
        ["flux-1-schnell", "$0.002"],
        ["gpt-image-2", "$0.042"],
        ["gemini-3-pro-image", "$0.13"],
    ]


def test_an_image_of_a_job_is_changed_and_sent_again(pages: Pages, image_ids: list[str]) -> None:
    generation = Generation(image_ids)
    page = pages.open(f"#/jobs/{JOB_ID}", owner=OWNER, prepare=generation.put_into)
    page.get_by_role("link", name="Change image 2 and send it again").click()

    expect(page.get_by_role("heading", name="Change and send again")).to_be_visible()
    expect(page.get_by_label("Prompts")).to_have_value(PROMPTS[1])
    expect(page.get_by_label("Size")).to_have_value("1264x848")
    expect(page.get_by_text("Sent along unchanged: tags.")).to_be_visible()
    page.get_by_label("Prompts").fill("A harbour in the sun")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.get_by_role("heading", name="Job")).to_be_visible()

    [body] = generation.asked
    [item] = body["items"]
    assert (item["prompt"], item["seed"], item["visibility"]) == ("A harbour in the sun", 7, "unlisted")
    assert (item["tags"], body["provider"], body["model"]) == (["paper"], "google", "gemini-3-pro-image")


def test_what_was_sent_without_an_answer_is_repeated_and_not_paid_twice(
    pages: Pages, image_ids: list[str]
) -> None:
    generation = Generation(image_ids)
    generation.lost_answers = 3
    page = pages.open("#/generate", owner=OWNER, prepare=generation.put_into)
    page.get_by_label("Prompts").fill("A lake")
    send = page.get_by_role("button", name="Generate", exact=True)
    send.click()
    problem = page.locator(".form-problem", has_text="cannot be reached")
    expect(problem).to_be_visible()
    page.reload()
    send.click()
    expect(problem).to_be_visible()
    page.get_by_label("Prompts").fill("A hill")
    send.click()
    expect(problem).to_be_visible()
    send.click()
    expect(page.get_by_role("heading", name="Job")).to_be_visible()

    first, again, other, answered = generation.keys
    assert first == again
    assert other == answered
    assert first != other


def test_earlier_prompts_are_found_and_used_again_also_where_they_are_encrypted(
    pages: Pages, image_ids: list[str], look: Callable[[Page, str], None]
) -> None:
    generation = Generation(image_ids)
    page = pages.open("#/generate", owner=OWNER, prepare=generation.put_into, size=PHONE, scheme="dark")
    history = page.get_by_role("dialog", name="Earlier prompts")
    page.get_by_role("button", name="Earlier prompts").click()
    expect(history.get_by_text(PROMPTS[0])).to_be_visible()
    history.get_by_label("Search prompts").fill("zeppelin")
    expect(history.get_by_text("No prompt fits.")).to_be_visible()
    history.get_by_label("Search prompts").fill("watercolour lighthouse")
    expect(history.get_by_text(PROMPTS[0])).to_be_visible()
    faults = faults_of(page)
    look(page, "earlier-prompts-dark-360")
    history.get_by_role("button", name="Use again").click()
    expect(page.get_by_label("Prompts", exact=True)).to_have_value("\n".join(PROMPTS))
    expect(page.get_by_label("Seed")).to_have_value("7")

    generation.are_prompts_sealed = True
    page.get_by_role("button", name="Earlier prompts").click()
    expect(history.get_by_text("This store keeps prompts encrypted.")).to_be_visible()
    faults += faults_of(page)
    history.get_by_role("button", name="Show", exact=True).click()
    expect(history.get_by_text(PROMPTS[0])).to_be_visible()
    page.keyboard.press("Escape")
    expect(history).to_have_count(0)
    assert faults == []
