"""The page about uploads from a browser: its lines run as they are printed, in a shell, in Node and in Chromium.

Chromium opens the printed page on an origin that the stack was told of, and on one that it was not.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.chromium import running_chromium
from tests.e2e.site import Site
from tests.e2e.test_images import list_ids
from tests.e2e.test_readme import MOST_CHARACTERS, ROOT, changed_files, shell_blocks, type_lines
from tests.openapi.nodejs import installed_node
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.e2e.conftest import Stack

PAGE = (ROOT / "docs/browser-uploads.md").read_text()
FILES = {
    name: text
    for head, text in re.findall(
        r"^```(?:js|html)\n(?://|<!--) (\S+)(?: -->)?\n(.*?)^```$", PAGE, re.M | re.S
    )
    for name in [head]
}
LONG_MS = 20_000
DRIVER = """
const { uploadToken } = await import("./upload-token.js");
const { url, key } = JSON.parse(process.env.STORE);
console.log(JSON.stringify(await uploadToken({ url, key }, process.env.OWNER)));
"""
SEND = """async ({how, size, title}) => {
  const modules = await import("./upload.js");
  const store = await (await fetch("./store.json")).json();
  const bytes = await (await fetch("./picture.jpg")).arrayBuffer();
  const file = new File([bytes], "my holiday.jpg", {type: "image/jpeg"});
  try {
    return await modules[how](store, file, title === undefined ? {} : {title});
  } catch (error) { return {error: error.message}; }
}"""


@pytest.fixture(scope="module")
def folder(site: Site) -> Path:
    """What the pages are served from."""
    for name, text in FILES.items():
        (site.folder / name).write_text(text)
    (site.folder / "package.json").write_text('{"type": "module"}')
    (site.folder / "driver.js").write_text(DRIVER)
    (site.folder / "picture.jpg").write_bytes(jpeg(640, 480))
    return site.folder


@pytest.fixture(scope="module")
def other_site(folder: Path) -> Iterator[Site]:
    """The same pages on an origin that the stack was not told of."""
    serving = Site(folder)
    yield serving
    serving.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(LONG_MS)
    yield page
    context.close()


def give_token(stack: Stack, folder: Path, owner: str) -> str:
    """Let the backend of the page create a token, and give it to the page."""
    with stack.admin() as admin:
        body = {"name": "backend", "scopes": ["images:write", "act-as"]}
        key = admin.post("/v1/keys", json=body).raise_for_status().json()["key"]
    store = json.dumps({"url": stack.api_url, "key": key})

    ran = installed_node().run("driver.js", folder=folder, STORE=store, OWNER=owner)

    assert ran.returncode == 0, ran.stderr
    token: str = json.loads(ran.stdout)["token"]
    (folder / "store.json").write_text(json.dumps({"url": stack.api_url, "token": token}))
    return token


def test_the_shell_lines_of_the_page_work_as_they_are_typed(open_stack: Stack, tmp_path: Path) -> None:
    before = changed_files()

    typed = type_lines(shell_blocks(PAGE), open_stack, tmp_path)

    assert typed.returncode == 0, typed.stderr + typed.stdout
    assert '"title":"Me"' in typed.stdout
    assert '"category":null' in typed.stdout
    assert changed_files() == before


def test_a_person_uploads_with_the_page_as_it_is_printed(
    open_stack: Stack, site: Site, folder: Path, page: Page
) -> None:
    give_token(open_stack, folder, "page-user")
    page.goto(f"{site.origin}/upload.html")

    page.set_input_files("input[type=file]", folder / "picture.jpg")
    page.fill("input[name=title]", "My holiday")
    page.click("button")
    page.wait_for_function("document.querySelector('output img')?.naturalWidth > 0")

    with open_stack.http("page-user") as owner:
        [image_id] = list_ids(owner)
        image = owner.get(f"/v1/images/{image_id}").json()
    assert (image["title"], image["category"], image["filename"]) == ("My holiday", "avatars", "image.jpg")


def test_a_page_of_another_origin_uploads_in_both_ways_until_the_token_is_used_up(
    open_stack: Stack, site: Site, folder: Path, page: Page
) -> None:
    token = give_token(open_stack, folder, "other-user")
    page.goto(f"{site.origin}/upload.html")

    in_form = page.evaluate(SEND, {"how": "uploadForm", "title": "Form"})
    directly = page.evaluate(SEND, {"how": "uploadDirectly", "title": "Direct"})
    beyond = [page.evaluate(SEND, {"how": how}) for how in ("uploadForm", "uploadDirectly")]

    assert [in_form["title"], directly["title"]] == ["Form", "Direct"]
    assert directly["sha256"] == in_form["sha256"]
    assert all(answer["error"].startswith("upload_token_used_up: ") for answer in beyond)
    with open_stack.http("other-user") as owner:
        assert set(list_ids(owner)) == {in_form["id"], directly["id"]}
    signature = token.partition(".")[2]
    assert signature not in open_stack.state.path.joinpath("log").read_text(errors="replace")


def test_the_page_can_read_why_it_is_refused(open_stack: Stack, site: Site, folder: Path, page: Page) -> None:
    token = give_token(open_stack, folder, "refused-user")
    forged = {"url": open_stack.api_url, "token": f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"}
    page.goto(f"{site.origin}/upload.html")
    list_answer = page.evaluate(
        """async () => {
          const {url, token} = await (await fetch("./store.json")).json();
          const answer = await fetch(`${url}/v1/images`, {headers: {Authorization: `Bearer ${token}`}});
          return [answer.status, (await answer.json()).code];
        }"""
    )

    (folder / "store.json").write_text(json.dumps(forged))
    later = time.time() + 10  # a browser compares seconds to know whether a file has changed
    os.utime(folder / "store.json", (later, later))
    refused = page.evaluate(SEND, {"how": "uploadForm"})

    assert list_answer == [403, "scope_required"]
    assert refused["error"].startswith("invalid_token: ")
    with open_stack.http("refused-user") as owner:
        assert list_ids(owner) == []


def test_an_origin_that_the_deployment_does_not_name_uploads_nothing(
    open_stack: Stack, other_site: Site, folder: Path, page: Page
) -> None:
    give_token(open_stack, folder, "stranger")
    page.goto(f"{other_site.origin}/upload.html")

    outcomes = [page.evaluate(SEND, {"how": how}) for how in ("uploadForm", "uploadDirectly")]

    assert [outcome["error"] for outcome in outcomes] == ["Failed to fetch"] * 2
    with open_stack.http("stranger") as owner:
        assert list_ids(owner) == []


def test_no_shell_line_of_the_page_is_long() -> None:
    lines = [line for block in shell_blocks(PAGE) for line in block.splitlines()]

    assert len(FILES) == len(re.findall(r"^```(?:js|html)$", PAGE, flags=re.M)) == 3
    assert max(map(len, lines)) <= MOST_CHARACTERS
