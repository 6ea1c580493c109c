"""The example of a gallery: private images, uploads and generation in a page of another origin, in Chromium."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.chromium import running_chromium
from tests.e2e import anyone
from tests.e2e.example_apps import NodeExample, serving
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.conftest import Stack

WAIT_MS = 30_000
VITE = "node_modules/vite/bin/vite.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
IS_SHOWN = "(image) => image.complete && image.naturalWidth > 0"


@pytest.fixture(scope="module")
def example() -> NodeExample:
    return NodeExample("gallery")


@pytest.fixture(scope="module")
def app(
    example: NodeExample, open_stack: Stack, app_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the built example, as `npm run build` and `npm run preview` make it."""
    folder = tmp_path_factory.mktemp("gallery")
    token_url = f"{open_stack.described['token_url']}?sub=gallery-{uuid.uuid4()}"
    built = ("--outDir", str(folder / "dist"))
    example.run(VITE, "build", *built, VITE_IMAGE_STORE_URL=open_stack.api_url)
    preview = example.command(VITE, "preview", *built, "--port", str(app_port), "--strictPort")
    address = f"http://localhost:{app_port}"
    with serving(
        preview, folder=example.folder, address=address, output=folder / "output", TOKEN_URL=token_url
    ):
        yield address


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with running_chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield page


def test_uploaded_and_generated_images_are_private_and_shown_by_one_share(
    page: Page, app: str, open_stack: Stack, tmp_path: Path
) -> None:
    """One test, since each step needs the images of the one before."""
    lake = tmp_path / "lake.jpg"
    lake.write_bytes(jpeg(900, 600))
    requests: list[str] = []
    page.on("request", lambda sent: requests.append(sent.url.removeprefix(open_stack.api_url)))
    page.goto(app)

    page.get_by_label("What the next images show").fill("A lake")
    page.get_by_label("Choose images").set_input_files(lake)
    expect(page.get_by_text("1 of 1 images ready")).to_be_visible()
    page.get_by_label("Describe an image").fill("A red boat")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("progressbar", name="Images generated")).to_be_visible()
    expect(page.get_by_text("2 of 2 images ready")).to_be_visible()

    images = page.get_by_role("list", name="Your images").get_by_role("img")
    expect(images).to_have_count(3)
    assert [image.get_attribute("alt") for image in images.all()] == ["A red boat", "A red boat", "A lake"]
    for image in images.all():
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate(IS_SHOWN)
        assert re.match(rf"{open_stack.api_url}/s/", str(image.get_attribute("srcset")))
    assert requests.count("/v1/shares") == 1
    violations = Axe().run(page, options={"runOnly": STANDARDS}).response["violations"]
    assert [f"{rule['id']}: {node['target']}" for rule in violations for node in rule["nodes"]] == []


def test_a_file_that_is_no_image_is_refused_in_words_and_can_be_removed(
    page: Page, app: str, tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("just a note\n")
    page.goto(app)

    page.get_by_label("Choose images").set_input_files(note)

    expect(page.get_by_role("alert")).to_have_text(re.compile("note.txt is a text. The store takes JPEG"))
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_only_pages_of_the_app_get_a_token(app: str) -> None:
    other = anyone.get(f"{app}/sign-in", headers={"Sec-Fetch-Site": "same-site"})

    assert (other.status_code, other.text) == (403, "")


def test_the_example_compiles(example: NodeExample) -> None:
    assert example.run("node_modules/typescript/bin/tsc") == ""
