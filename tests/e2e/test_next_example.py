"""The example with Next: uploads through its server and from the browser, and private images shown by a share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chromium import running_chromium
from tests.e2e import anyone
from tests.e2e.example_apps import MAX_OWN_LINES, NodeExample, own_lines, serving
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.conftest import Stack

NEXT = "node_modules/next/dist/bin/next"
COMPILER = "node_modules/typescript/bin/tsc"
WAIT_MS = 30_000
IS_HYDRATED = (
    "() => Object.keys(document.querySelector('label input')).some((key) => key.startsWith('__react'))"
)
"""Before that React hears nothing of a file that is chosen."""
SHOWS_TWO = (
    "() => document.images.length === 2 && [...document.images].every((image) => image.naturalWidth > 0)"
)


@pytest.fixture(scope="module")
def key(open_stack: Stack) -> str:
    """The API key of the example's server."""
    with open_stack.admin() as admin:
        body = {"name": "next", "scopes": ["images:read", "images:write", "act-as"]}
        created: str = admin.post("/v1/keys", json=body).raise_for_status().json()["key"]
        return created


@pytest.fixture(scope="module")
def example() -> NodeExample:
    return NodeExample("next")


@pytest.fixture(scope="module")
def app(
    example: NodeExample,
    open_stack: Stack,
    key: str,
    app_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of the example, which runs as `npm run dev` does."""
    next_dev = example.command(NEXT, "dev", "--hostname", "localhost", "--port", str(app_port))
    with serving(
        next_dev,
        folder=example.folder,
        address=f"http://localhost:{app_port}",
        output=tmp_path_factory.mktemp("next") / "output",
        IMAGE_STORE_URL=open_stack.api_url,
        IMAGE_STORE_KEY=key,
        NEXT_TELEMETRY_DISABLED="1",
    ) as address:
        yield address


@pytest.fixture(scope="module")
def page(app: str) -> Iterator[Page]:
    with running_chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(app)
        page.wait_for_function(IS_HYDRATED)
        yield page


def test_images_arrive_through_the_server_and_from_the_browser_and_are_shown(
    page: Page, open_stack: Stack, key: str, tmp_path: Path
) -> None:
    """Both in one test: starting Next and Chromium takes longer than all of it."""
    (tmp_path / "lake.jpg").write_bytes(jpeg(900, 600))
    (tmp_path / "hill.jpg").write_bytes(jpeg(640, 640))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))

    page.set_input_files("form input[type=file]", tmp_path / "lake.jpg")
    page.fill("input[name=alt_text]", "A lake")
    page.click("button")
    page.wait_for_selector("img[alt='A lake']")
    sent_by_the_form = list(sent)
    page.set_input_files("label input[type=file]", tmp_path / "hill.jpg")
    page.wait_for_function(SHOWS_TWO)

    upload = f"POST {open_stack.api_url}/v1/images"
    assert upload not in sent_by_the_form
    assert upload in sent
    sources = page.locator("img[alt='A lake']").get_attribute("srcset")
    assert sources is not None
    assert [source.rpartition("/")[2] for source in sources.split(", ")] == ["w640 1x", "w1280 2x"]
    assert sources.startswith(f"{open_stack.api_url}/s/")
    assert key not in page.content()


def test_the_form_says_why_a_file_was_refused(page: Page, example: NodeExample) -> None:
    page.set_input_files("form input[type=file]", example.folder / "package.json")
    page.click("button")

    assert "The store takes JPEG, PNG" in page.locator("main [role=alert]").inner_text()


def test_the_route_of_upload_tokens_answers_only_its_own_pages(app: str, key: str) -> None:
    other = {"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"}

    given = anyone.post(f"{app}/api/upload-token", headers={"Origin": app})
    refused = anyone.post(f"{app}/api/upload-token", headers=other)

    assert given.json()["token"].startswith("iut_")
    assert given.headers["Cache-Control"] == "no-store"
    assert key not in given.text
    assert (refused.status_code, refused.json()["code"]) == (403, "upload_not_allowed")


def test_the_example_compiles_and_is_short(app: str, example: NodeExample) -> None:
    """It needs the types that Next writes for `app`."""
    assert example.run(COMPILER, "--project", ".", "--incremental", "false") == ""
    assert own_lines(example.folder) <= MAX_OWN_LINES
