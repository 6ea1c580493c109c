"""The example with Next: uploads through its server and from the browser, and private images shown by a share."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from local import bootstrap
from tests.chromium import running_chromium
from tests.pictures import jpeg
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.e2e.conftest import Stack

EXAMPLE = client.ROOT / "examples/next"
ENVIRONMENT = client.ROOT / bootstrap.ENVIRONMENTS["next"].folder
READY_SECONDS = 120
WAIT_MS = 30_000
MAX_OWN_LINES = 150
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
def app(
    open_stack: Stack, key: str, app_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the example, which runs as `npm run dev` does."""
    assert bootstrap.main(["client", "next"], root=client.ROOT) == 0
    client.build()
    client.link_modules(EXAMPLE, ENVIRONMENT)
    output = tmp_path_factory.mktemp("next") / "output"
    variables = {
        "IMAGE_STORE_URL": open_stack.api_url,
        "IMAGE_STORE_KEY": key,
        "NEXT_TELEMETRY_DISABLED": "1",
    }
    next_dev = [
        node(),
        "node_modules/next/dist/bin/next",
        "dev",
        "--hostname",
        "localhost",
        "--port",
        str(app_port),
    ]
    with output.open("w") as out:
        process = subprocess.Popen(
            next_dev, cwd=EXAMPLE, env=os.environ | variables, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield ready(f"http://localhost:{app_port}", process, output)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def ready(address: str, process: subprocess.Popen[bytes], output: Path) -> str:
    """Wait for the first page; fail with what Next said when it ends instead."""
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(address, timeout=READY_SECONDS).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        except httpx.HTTPStatusError:
            break
        else:
            return address
    pytest.fail(output.read_text(), pytrace=False)


@pytest.fixture(scope="module")
def page(app: str) -> Iterator[Page]:
    with running_chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(app)
        page.wait_for_function(IS_HYDRATED)
        yield page


def node() -> str:
    """The Node.js that runs the example."""
    return str(bootstrap.node_of(ENVIRONMENT))


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


def test_the_form_says_why_a_file_was_refused(page: Page) -> None:
    page.set_input_files("form input[type=file]", EXAMPLE / "package.json")
    page.click("button")

    assert "The store takes JPEG, PNG" in page.locator("main [role=alert]").inner_text()


def test_the_route_of_upload_tokens_answers_only_its_own_pages(app: str, key: str) -> None:
    other = {"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"}

    given = httpx.post(f"{app}/api/upload-token", headers={"Origin": app})
    refused = httpx.post(f"{app}/api/upload-token", headers=other)

    assert given.json()["token"].startswith("iut_")
    assert given.headers["Cache-Control"] == "no-store"
    assert key not in given.text
    assert (refused.status_code, refused.json()["code"]) == (403, "upload_not_allowed")


def test_the_example_compiles_and_is_short(app: str) -> None:
    """It needs the client that `app` has built."""
    sources = [EXAMPLE / "next.config.ts", *EXAMPLE.glob("*.ts"), *(EXAMPLE / "app").rglob("*.ts*")]
    lines = {path: path.read_text().splitlines() for path in sources if path.name != "next-env.d.ts"}
    compiler = [node(), "node_modules/typescript/bin/tsc", "--project", ".", "--incremental", "false"]

    compiled = subprocess.run(compiler, cwd=EXAMPLE, capture_output=True, text=True, check=False)

    assert compiled.stdout == ""
    assert sum(len([line for line in text if line.strip()]) for text in lines.values()) <= MAX_OWN_LINES
