"""The page about uploads from a browser: its lines run as they are printed, in a shell, in Node and in Chromium.

Chromium opens the printed page on an origin that the stack was told of, and on one that it was not. The TypeScript
client uploads from the same origin.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import running_chromium
from tests.e2e.site import Site
from tests.e2e.test_images import list_ids
from tests.e2e.test_readme import MOST_CHARACTERS, ROOT, changed_files, shell_blocks, type_lines
from tests.openapi.nodejs import installed_node
from tests.pictures import jpeg
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

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
CLIENT_PAGE = """<!doctype html><title>Client</title>
<script type="importmap">{"imports": {"@noble/hashes/": "./hashes/"}}</script>
<input type="file">
<progress max="1" value="0"></progress>
<script type="module">
  import { createImageStore } from "./client/index.js";
  const { url, token } = await (await fetch("./store.json")).json();
  const [input, bar] = document.querySelectorAll("input, progress");
  const store = createImageStore({ url, uploadToken: token });
  const controller = new AbortController();
  window.abort = () => controller.abort();
  window.seen = [];
  const onProgress = (progress) => {
    seen.push(progress);
    bar.value = progress.phase === "hashing" ? 0 : progress.loaded / progress.total;
  };
  input.onchange = async () => {
    const options = { onProgress, signal: controller.signal };
    window.result = await store.upload(input.files[0], {}, options).catch((error) => ({ error: error.name }));
  };
  window.isReady = true;
</script>"""
IS_DONE = "window.result !== undefined"
IS_HALF_SENT = "document.querySelector('progress').value > 0.3"
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 8_000_000}


def large_jpeg() -> bytes:
    """A JPEG of 9 MB, which the client hashes in parts: a small picture with long comments."""
    start, rest = jpeg(64, 48)[:2], jpeg(64, 48)[2:]
    comment = b"\xff\xfe\xff\xff" + b"x" * (0xFFFF - 2)
    return start + comment * 140 + rest


@pytest.fixture(scope="module")
def folder(site: Site) -> Path:
    """What the pages are served from."""
    for name, text in FILES.items():
        (site.folder / name).write_text(text)
    (site.folder / "package.json").write_text('{"type": "module"}')
    (site.folder / "driver.js").write_text(DRIVER)
    (site.folder / "picture.jpg").write_bytes(jpeg(640, 480))
    (site.folder / "large.jpg").write_bytes(large_jpeg())
    site.serve_client()
    (site.folder / "hashes").symlink_to(client.PACKAGE / "node_modules/@noble/hashes")
    (site.folder / "client.html").write_text(CLIENT_PAGE)
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
    # The last character of base64url has unused bits: another one there can mean the same bytes.
    other = "A" if token[-5] != "A" else "B"
    forged = {"url": open_stack.api_url, "token": f"{token[:-5]}{other}{token[-4:]}"}
    page.goto(f"{site.origin}/upload.html")
    list_answer = page.evaluate(
        """async () => {
          const {url, token} = await (await fetch("./store.json")).json();
          const answer = await fetch(`${url}/v1/images`, {headers: {Authorization: `Bearer ${token}`}});
          return [answer.status, (await answer.json()).code];
        }"""
    )

    (folder / "store.json").write_text(json.dumps(forged))
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


def choose(page: Page, origin: str, file: Path) -> None:
    """Open the page of the client, and choose a file on a network that is not fast."""
    page.goto(f"{origin}/client.html")
    page.wait_for_function("window.isReady")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    page.set_input_files("input", file)


def phases(seen: list[dict[str, Any]]) -> list[str]:
    """The phases in the order in which they came."""
    return [name for name, _ in itertools.groupby(progress["phase"] for progress in seen)]


def test_the_client_uploads_from_another_origin_and_shows_how_far_it_is(
    open_stack: Stack, site: Site, folder: Path, page: Page
) -> None:
    give_token(open_stack, folder, "client-user")

    results = {}
    for name in ("picture.jpg", "large.jpg"):
        choose(page, site.origin, folder / name)
        page.wait_for_function(IS_DONE)
        results[name] = page.evaluate("[result, seen]")

    small, seen_small = results["picture.jpg"]
    large, seen_large = results["large.jpg"]
    assert phases(seen_small) == ["sending", "finishing"]
    assert phases(seen_large) == ["hashing", "sending", "finishing"]
    for phase in ("hashing", "sending"):
        loaded = [progress["loaded"] for progress in seen_large if progress["phase"] == phase]
        assert loaded == sorted(loaded)
        assert len(loaded) > 3  # also on the way, not only at the beginning and the end
    assert large["sha256"] == hashlib.sha256(large_jpeg()).hexdigest()
    with open_stack.http("client-user") as owner:
        assert set(list_ids(owner)) == {small["id"], large["id"]}


def test_bytes_whose_connection_is_reset_are_sent_again_and_stored_once(
    open_stack: Stack, site: Site, folder: Path, page: Page
) -> None:
    give_token(open_stack, folder, "reset-user")
    puts: list[str] = []

    def reset_the_first(route: Route) -> None:
        if route.request.method == "PUT":
            puts.append(route.request.url)
        if len(puts) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(f"{open_stack.described['s3_endpoint']}/**", reset_the_first)
    choose(page, site.origin, folder / "large.jpg")
    page.wait_for_function(IS_DONE)

    image = page.evaluate("result")
    assert len(puts) == 2
    with open_stack.http("reset-user") as owner:
        assert list_ids(owner) == [image["id"]]


@pytest.mark.parametrize("stop", ["abort()", "location.reload()"])
def test_an_upload_that_is_stopped_or_whose_page_is_closed_leaves_no_image(
    open_stack: Stack, site: Site, folder: Path, page: Page, stop: str
) -> None:
    give_token(open_stack, folder, "stopped-user")
    choose(page, site.origin, folder / "large.jpg")
    page.wait_for_function(IS_HALF_SENT)

    page.evaluate(stop)

    if stop == "abort()":
        page.wait_for_function(IS_DONE)
        assert page.evaluate("result") == {"error": "AbortError"}
    with open_stack.http("stopped-user") as owner:
        assert list_ids(owner) == []


def test_no_shell_line_of_the_page_is_long() -> None:
    lines = [line for block in shell_blocks(PAGE) for line in block.splitlines()]

    assert len(FILES) == len(re.findall(r"^```(?:js|html)$", PAGE, flags=re.M)) == 3
    assert max(map(len, lines)) <= MOST_CHARACTERS
