"""The examples of backends: they act for their users with an API key, and never show it."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from local.ports import any_free_port
from tests.e2e import anyone
from tests.e2e.example_apps import (
    EXAMPLES,
    MAX_OWN_LINES,
    MAX_README_LINES,
    NodeExample,
    own_lines,
    serving,
)
from tests.e2e.test_readme import ROOT, shell_blocks, type_lines
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Stack

USER = "demo"
WAIT_SECONDS = 60


def settings_of(name: str, stack: Stack, folder: Path) -> dict[str, str]:
    """The environment variables of a backend, made by the lines of its README."""
    key_lines = shell_blocks((EXAMPLES / name / "README.md").read_text())[0]
    typed = type_lines([key_lines, 'echo "$IMAGE_STORE_KEY"'], stack, folder)
    assert typed.returncode == 0, typed.stderr
    return {"IMAGE_STORE_URL": stack.api_url, "IMAGE_STORE_KEY": typed.stdout.splitlines()[0]}


@pytest.fixture(scope="module")
def hono() -> NodeExample:
    return NodeExample("hono")


@contextmanager
def browsing(
    command: list[str], folder: str, port: int, output: Path, **variables: str
) -> Iterator[httpx.Client]:
    """Run a backend, and send it what a browser sends for its pages. It never prints its key."""
    address = f"http://localhost:{port}"
    with (
        serving(command, folder=EXAMPLES / folder, address=address, output=output, **variables),
        httpx.Client(
            base_url=address, headers={"Sec-Fetch-Site": "same-origin"}, timeout=WAIT_SECONDS
        ) as http,
    ):
        yield http
    assert variables["IMAGE_STORE_KEY"] not in output.read_text()


@pytest.fixture(scope="module")
def hono_settings(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return settings_of("hono", stack, tmp_path_factory.mktemp("hono-key"))


@pytest.fixture(scope="module")
def hono_app(
    hono: NodeExample, hono_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    output, port = tmp_path_factory.mktemp("hono") / "output", any_free_port()
    variables = {"PORT": str(port), **hono_settings}
    with browsing(hono.command("src/node.ts"), "hono", port, output, **variables) as http:
        yield http


@pytest.fixture(scope="module")
def fastapi_app(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder, port = tmp_path_factory.mktemp("fastapi"), any_free_port()
    uvicorn = [sys.executable, "-m", "uvicorn", "main:app", "--host", "localhost", "--port", str(port)]
    variables = {"PYTHONPATH": str(ROOT / "clients/python"), **settings_of("fastapi", stack, folder)}
    with browsing(uvicorn, "fastapi", port, folder / "output", **variables) as http:
        yield http


@pytest.fixture(params=["hono_app", "fastapi_app"])
def app(request: pytest.FixtureRequest) -> httpx.Client:
    """Each backend."""
    http: httpx.Client = request.getfixturevalue(request.param)
    return http


def test_a_user_uploads_and_sees_private_images(app: httpx.Client, stack: Stack) -> None:
    text = f"A <lake> of {app.base_url.port}"

    uploaded = app.post("/images", files={"file": ("lake.jpg", jpeg(900, 600))}, data={"alt_text": text})
    page = app.get("/").text

    assert (uploaded.status_code, uploaded.headers["Location"]) == (303, "/")
    [image] = re.findall(rf"<img [^>]*alt=\"A &lt;lake&gt; of {app.base_url.port}\"[^>]*>", page)
    [source] = re.findall(r' src="([^"]+)"', image)
    assert source.startswith(f"{stack.api_url}/s/")
    assert " 640w, " in image
    assert anyone.get(source, follow_redirects=True).headers["Content-Type"].startswith("image/")
    assert "isk_" not in page


def test_requests_for_pages_share_one_share(app: httpx.Client) -> None:
    prefixes = {prefix for _ in range(2) for prefix in re.findall(r'src="([^"]+/s/[^/]+)', app.get("/").text)}

    assert len(prefixes) == 1


def test_a_file_that_is_no_image_is_refused_in_words(app: httpx.Client) -> None:
    refused = app.post("/images", files={"file": ("note.pdf", b"%PDF-1.7")})

    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")
    assert "note.pdf" in refused.json()["detail"]


def test_a_page_of_another_site_cannot_act_for_the_user(app: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"}

    refused = app.post("/images", files={"file": ("lake.jpg", jpeg(90, 60))}, headers=headers)

    assert refused.status_code == 403
    assert "<img" not in refused.text


def test_hono_gives_its_pages_what_they_need_to_upload_and_to_show_images(
    hono_app: httpx.Client, stack: Stack
) -> None:
    token = hono_app.post("/upload-token").json()["token"]
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg"}
    store = httpx.Client(base_url=stack.api_url, headers=bearer, timeout=WAIT_SECONDS)

    with store:
        image = store.post("/v1/images", content=jpeg(320, 200)).raise_for_status().json()
    gallery = hono_app.get("/images").json()
    refused = hono_app.post("/upload-token", headers={"Sec-Fetch-Site": "cross-site"})

    assert image["owner_id"] == USER
    assert image["id"] in {each["id"] for each in gallery["images"]}
    shown = anyone.get(f"{gallery['url_prefix']}/{image['id']}/thumb", follow_redirects=True)
    assert shown.headers["Content-Type"].startswith("image/")
    assert refused.status_code == 403


def test_the_daily_job_of_hono_begins_one_image_a_day(
    hono: NodeExample, hono_settings: dict[str, str], stack: Stack
) -> None:
    first, second = (hono.run("src/cron.ts", **hono_settings).split()[0] for _ in range(2))

    assert first == second
    with stack.http(USER) as http:
        [item] = http.get(f"/v1/generations/{first}").json()["items"]
    assert "as a woodcut" in item["prompt"]


def test_fastapi_generates_with_live_progress(fastapi_app: httpx.Client, stack: Stack) -> None:
    job = fastapi_app.post("/jobs", data={"prompt": "A red boat"}).json()
    with fastapi_app.stream("GET", f"/jobs/{job['id']}/events") as events:
        states = [json.loads(line.removeprefix("data: ")) for line in events.iter_lines() if line]
    nothing = fastapi_app.get("/jobs/00000000-0000-7000-8000-000000000000/events")

    assert states[-1]["status"] == "succeeded"
    assert states[-1]["progress"]["succeeded"] == 1
    assert len(states) > 1
    assert 'alt="A red boat"' in fastapi_app.get("/").text
    with stack.http(USER) as http:
        assert http.get(f"/v1/generations/{job['id']}").status_code == 200
    assert (nothing.status_code, nothing.json()["code"]) == (404, "job_not_found")


def test_hono_compiles(hono: NodeExample) -> None:
    assert hono.run("node_modules/typescript/bin/tsc") == ""


@pytest.mark.parametrize("name", ["fastapi", "gallery", "hono"])
def test_an_example_is_short(name: str) -> None:
    assert 0 < own_lines(EXAMPLES / name) <= MAX_OWN_LINES


@pytest.mark.parametrize("name", ["fastapi", "gallery", "hono"])
def test_the_readme_of_an_example_is_short(name: str) -> None:
    assert 0 < len((EXAMPLES / name / "README.md").read_text().splitlines()) <= MAX_README_LINES
