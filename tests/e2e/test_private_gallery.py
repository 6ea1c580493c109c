"""A page of another origin shows a private gallery by one share: the lines of docs/private-gallery.md, in Chromium."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.delivery.shares import CACHED_FOR
from tests.chromium import running_chromium
from tests.e2e.test_images import upload
from tests.e2e.test_readme import shell_blocks, type_lines
from tests.openapi.nodejs import installed_node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Response

    from tests.e2e.conftest import Stack
    from tests.e2e.site import Site

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/private-gallery.md"
WAIT_MS = 40_000
ALBUM = "album:gallery"
IS_SHOWN = "() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in a language."""
    return re.findall(rf"^```{language}$(.*?)^```$", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


def share(stack: Stack, owner: str, **body: Any) -> dict[str, Any]:
    """Create a share."""
    with stack.http(owner) as http:
        answer = http.post("/v1/shares", json=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


def opened(browser: Browser, site: Site, name: str, **options: Any) -> tuple[Page, list[Response]]:
    """A page of the site, with the responses to whatever it loaded."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(WAIT_MS)
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(f"{site.origin}/{name}")
    return page, responses


def test_the_lines_of_the_page_show_and_revoke_a_gallery(
    open_stack: Stack, site: Site, browser: Browser, tmp_path: Path
) -> None:
    """Every shell line of the page but the last ones, the page that they write in Chromium, and then the last ones."""
    *creating, revoking = shell_blocks(PAGE.read_text("utf-8"))
    typed = type_lines(creating, open_stack, tmp_path)
    assert typed.returncode == 0, typed.stderr
    folder = Path(typed.stdout.splitlines()[-1])
    assert (folder / "w640.webp").read_bytes().startswith(b"RIFF")
    (site.folder / "gallery.html").write_bytes((folder / "gallery.html").read_bytes())

    page, responses = opened(browser, site, "gallery.html", viewport={"width": 600, "height": 800})
    page.wait_for_function(IS_SHOWN)

    picture = page.evaluate("() => document.images[0].currentSrc")
    assert picture.endswith("/w640")
    assert page.evaluate("() => document.images[0].naturalWidth") > 300
    shown = [response for response in responses if response.request.resource_type == "image"]
    assert [response.status for response in shown] == [302, 200]
    assert shown[1].headers["content-type"] == "image/avif"  # as the browser accepts it
    prefix = json.loads((folder / "share.json").read_text())["url_prefix"]
    assert picture.startswith(prefix)

    again = "\n".join([*creating[:1], f"cd {folder}", revoking])
    typed = type_lines([again], open_stack, tmp_path)
    assert typed.returncode == 0, typed.stderr
    assert '"name": "For the family"' in typed.stdout


def test_one_share_serves_all_images_and_widths_to_srcset_fetch_and_head(
    open_stack: Stack, site: Site, browser: Browser
) -> None:
    owner = "owner-of-a-gallery"
    with open_stack.http(owner) as http:
        ids = [upload(http, group=ALBUM)["id"] for _ in range(4)]
    prefix = share(open_stack, owner, group=ALBUM)["url_prefix"]
    images = "".join(
        f'<img alt="" crossorigin="anonymous" sizes="30vw" src="{prefix}/{image_id}/thumb" srcset="'
        f'{prefix}/{image_id}/w640 640w, {prefix}/{image_id}/w1280 1280w">'
        for image_id in ids
    )
    (site.folder / "widths.html").write_text(f"<!doctype html><title>g</title>{images}")

    for width, preset in ((1_000, "w640"), (4_000, "w1280")):
        page, _ = opened(browser, site, "widths.html", viewport={"width": width, "height": 800})
        page.wait_for_function(IS_SHOWN)
        sources = page.evaluate("() => [...document.images].map((image) => image.currentSrc)")
        assert sources == [f"{prefix}/{image_id}/{preset}" for image_id in ids]

    read = """async ([url, method]) => {
      const response = await fetch(url, {method});
      const bytes = await response.arrayBuffer();
      return [response.status, response.redirected, response.headers.get("content-type"), bytes.byteLength > 0];
    }"""
    page, responses = opened(browser, site, "widths.html")
    page.wait_for_function(IS_SHOWN)
    fetched = f"{prefix}/{ids[0]}/display"
    assert page.evaluate(read, [fetched, "GET"]) == [200, True, "image/jpeg", True]
    assert page.evaluate(read, [fetched, "HEAD"]) == [200, True, "image/jpeg", False]
    storage = [
        response for response in responses if response.url.startswith(open_stack.described["s3_endpoint"])
    ]
    assert storage[-1].request.headers.get("origin") in {None, "null"}
    drawn = page.evaluate(
        """() => {
          const canvas = document.createElement("canvas");
          canvas.getContext("2d").drawImage(document.images[0], 0, 0);
          return canvas.toDataURL().length > 100;
        }"""
    )
    assert drawn


def test_the_typescript_client_works_in_a_page_of_another_origin(
    open_stack: Stack, site: Site, browser: Browser
) -> None:
    owner = "owner-of-a-page"
    with open_stack.http(owner) as http:
        image_id = upload(http)["id"]
    site.serve_client()
    page, responses = opened(browser, site, "nothing.html")

    read = page.evaluate(
        """async ([url, token, id]) => {
          const { createImageStore } = await import("/client/index.js");
          const store = createImageStore({ url, token });
          const cards = await store.images.list().toArray({ limit: 5 });
          const original = await store.images.bytes(id);
          const thumb = await store.images.bytes(id, { preset: "thumb" });
          const { title } = await store.images.update(id, (image) => ({ title: image.filename }));
          const refused = await createImageStore({ url, token: "no token" }).images.get(id).catch(({ code }) => code);
          return { ids: cards.map((card) => card.id), sizes: [original.size, thumb.size], title, refused };
        }""",
        [open_stack.api_url, open_stack.token(owner), image_id],
    )

    assert read["ids"] == [image_id]
    assert min(read["sizes"]) > 0
    assert read["title"]
    assert read["refused"] == "invalid_token"
    from_storage = [
        response.request
        for response in responses
        if response.url.startswith(open_stack.described["s3_endpoint"])
    ]
    assert len(from_storage) == 2
    assert not any("authorization" in request.all_headers() for request in from_storage)


def test_a_revoked_share_stops_within_a_minute_and_in_a_browser_within_two(
    open_stack: Stack, site: Site, browser: Browser
) -> None:
    owner = "owner-who-revokes"
    with open_stack.http(owner) as http:
        image_id = upload(http)["id"]
    created = share(open_stack, owner, all=True)
    address = f"{created['url_prefix']}/{image_id}/thumb"
    page, _ = opened(browser, site, "nothing.html")
    load = """(address) => new Promise((done) => {
      const image = new Image();
      image.onload = () => done("shown");
      image.onerror = () => done("refused");
      image.src = address;
    })"""
    assert page.evaluate(load, address) == "shown"
    with open_stack.http(None) as http:
        assert [http.request(method, address).status_code for method in ("GET", "HEAD")] == [302, 302]

    with open_stack.http(owner) as http:
        assert http.delete(f"/v1/shares/{created['id']}").status_code == 204
    revoked = time.monotonic()

    with open_stack.http(None) as http:
        while http.get(address).status_code == 302:
            assert time.monotonic() - revoked < CACHED_FOR.total_seconds() + 3
            time.sleep(2)
        assert http.get(address).json()["code"] == "image_not_found"
    while True:
        page.reload()
        if page.evaluate(load, address) == "refused":
            break
        assert time.monotonic() - revoked < 2 * CACHED_FOR.total_seconds() + 3
        time.sleep(2)


def test_the_functions_of_the_page_do_what_it_says(open_stack: Stack, tmp_path: Path) -> None:
    """The JavaScript of the page in Node.js: on a server there is no Origin, as in Next's own optimizer."""
    owner = "owner-of-a-server"
    with open_stack.http(owner) as http:
        image_id = upload(http)["id"]
    prefix = share(open_stack, owner, image_id=image_id, presets=["w640"])["url_prefix"]
    [functions] = blocks("js")
    (tmp_path / "shared-images.mjs").write_text(functions)
    (tmp_path / "run.mjs").write_text(
        f"""import {{ readImage, srcSet }} from "./shared-images.mjs";
const picture = await readImage({json.dumps(prefix)}, {json.dumps(image_id)}, "w640");
const refused = await readImage({json.dumps(prefix)}, {json.dumps(image_id)}, "display").catch(String);
console.log(JSON.stringify([picture.type, picture.size > 0, refused, srcSet("p", "i", [640])]));
"""
    )

    ran = installed_node().run("run.mjs", folder=tmp_path)

    assert json.loads(ran.stdout) == [
        "image/webp",
        True,
        "Error: The image store answers 404",
        "p/i/w640 640w",
    ], ran.stderr


def test_the_component_of_the_page_writes_both_attributes(tmp_path: Path) -> None:
    """The JSX of the page, compiled as React's tools do, with an element that is only its properties."""
    node = installed_node()
    [component] = blocks("jsx")
    (tmp_path / "shared-images.mjs").write_text(blocks("js")[0])
    (tmp_path / "component.jsx").write_text(
        f'import {{ imageUrl, srcSet }} from "./shared-images.mjs";\n'
        f"const React = {{ createElement: (type, properties) => ({{ type, ...properties }}) }};\n{component}"
    )
    (tmp_path / "run.mjs").write_text(
        f"""import {{ readFileSync, writeFileSync }} from "node:fs";
import typescript from {json.dumps(str(node.package("typescript/lib/typescript.js")))};
const compilerOptions = {{ jsx: "react", module: "esnext", target: "esnext" }};
const compiled = typescript.transpileModule(readFileSync("component.jsx", "utf8"), {{ compilerOptions }});
writeFileSync("component.mjs", compiled.outputText);
const {{ SharedImage }} = await import("./component.mjs");
console.log(JSON.stringify(SharedImage({{ prefix: "p", id: "i", alt: "a", sizes: "50vw" }})));
"""
    )

    ran = node.run("run.mjs", folder=tmp_path)

    assert json.loads(ran.stdout or "null") == {
        "type": "img",
        "src": "p/i/w640",
        "srcSet": "p/i/w640 640w, p/i/w1280 1280w, p/i/w2048 2048w",
        "alt": "a",
        "loading": "lazy",
        "sizes": "50vw",
    }, ran.stderr
