"""The web console as the site function serves it (F1)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import shutil
import subprocess
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from image_store.domain.events.event import EventType
from tests.functions.aws_texts import OPENAI_URL
from tests.functions.deployment import (
    API,
    Answer,
    assert_refused,
    event,
    with_headers,
    with_query,
)
from tests.site_bundle import CONSOLE, ROLLUP, build_site, built_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functions.deployment import Deployment

SOURCES = sorted(path for path in CONSOLE.rglob("*") if path.suffix in {".js", ".css", ".svg", ".html"})
MODULES = [path for path in SOURCES if path.suffix == ".js"]
MAX_LINE_CHARS = 120
SCRIPTS = ["main.js", "looking.js", "rest.js"]
MAX_SCRIPT_BYTES = 100_000
TOLD = {
    "PRESETS": "w640=640x,webp",
    "ISSUER": "https://issuer.example.com/tenant",
    "AUDIENCE": "image-store,another",
    "CONSOLE_CLIENT_ID": "console-1",
    "CONSOLE_SCOPES": "openid images:admin",
    "CONSOLE_TOKEN_URL": "https://auth.example.com/oauth2/token",
    "R2_ENDPOINT": "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com",
}
ADDRESSES = {"api_url", "mcp_url", "openai_url"}
NAMED = re.compile(r'(?:src|href)="(/assets/[^"]+)"')
IMPORTED = re.compile(r"""\b(?:from|import)[ (]*["']\./([^"']+)["']""")


@pytest.fixture
def site(deployed: Callable[..., Deployment]) -> Deployment:
    return deployed(**TOLD)


def served(store: Deployment, sent: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and the bytes of the body."""
    answer = store.invoke("site", sent)
    body: str = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return answer["statusCode"], answer["headers"], content


def asset(address: str) -> dict[str, Any]:
    """A request of the file at an address of the page."""
    parts = urlsplit(address)
    name = parts.path.rpartition("/")[2]
    sent = event("site/console-file") | {"rawPath": parts.path, "pathParameters": {"file": name}}
    return with_query(sent, parts.query)


def policy_of(headers: dict[str, str]) -> dict[str, list[str]]:
    """The directives of a page's Content-Security-Policy."""
    return {
        name: values
        for name, *values in (rule.split() for rule in headers["Content-Security-Policy"].split(";"))
    }


def test_the_page_may_load_its_own_files_and_what_the_deployment_uses(site: Deployment) -> None:
    status, headers, content = served(site, event("site/console"))
    storage = [TOLD["R2_ENDPOINT"], "https://cdn.example.com"]

    policy = policy_of(headers)

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "blob:", "data:", *storage]
    assert policy["connect-src"] == [
        "'self'",
        *storage,
        "https://issuer.example.com",
        "https://auth.example.com",
    ]
    assert policy["frame-src"] == ["'self'", "https://issuer.example.com", "https://auth.example.com"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'self'"]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert b"<style" not in content


def test_the_one_script_in_the_page_is_allowed_by_its_digest(site: Deployment) -> None:
    _, headers, content = served(site, event("site/console"))

    [script] = re.findall(rb"<script>(.*?)</script>", content, re.DOTALL)

    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert policy_of(headers)["script-src"] == ["'self'", f"'sha256-{digest}'"]
    assert script == (CONSOLE / "frame/early.js").read_bytes()


def test_the_page_holds_the_settings_that_the_console_needs(
    deployed: Callable[..., Deployment],
) -> None:
    site = deployed(**TOLD | {"CONSOLE_SCOPES": """openid "><script>alert('&')</script>"""})
    settings = site.answer_to("site/console-settings").json

    [embedded] = re.findall(
        r'<meta name="settings" content="([^"]*)">', served(site, event("site/console"))[2].decode()
    )

    assert json.loads(html.unescape(embedded)) == {
        name: value for name, value in settings.items() if name not in ADDRESSES
    }


def test_a_deployment_without_an_openai_endpoint_says_so(deployed: Callable[..., Deployment]) -> None:
    answer = deployed(**TOLD | {"OPENAI_URL_PARAMETER": ""}).answer_to("site/console-settings").json

    assert answer["openai_url"] is None
    assert answer["mcp_url"] == f"{API}/mcp"


def test_the_addresses_begin_with_the_domain_of_the_deployment(deployed: Callable[..., Deployment]) -> None:
    site = deployed(**TOLD | {"API_URL": "https://images.example.com"})

    answer = site.answer_to("site/console-settings").json

    assert (answer["api_url"], answer["mcp_url"]) == (
        "https://images.example.com",
        "https://images.example.com/mcp",
    )


def test_connections_to_where_images_are_begin_with_the_page(site: Deployment) -> None:
    content = served(site, event("site/console"))[2].decode()

    assert re.findall(r'<link rel="preconnect" href="([^"]+)">', content) == [
        TOLD["R2_ENDPOINT"],
        "https://cdn.example.com",
    ]


def test_a_deployment_without_cdn_and_token_url_allows_nothing_in_their_place(
    deployed: Callable[..., Deployment],
) -> None:
    site = deployed(ISSUER="https://issuer.example.com", PUBLIC_URL="", R2_ENDPOINT=TOLD["R2_ENDPOINT"])

    policy = policy_of(served(site, event("site/console"))[1])

    assert policy["connect-src"] == ["'self'", TOLD["R2_ENDPOINT"], "https://issuer.example.com"]


def test_files_are_kept_for_ever_at_the_addresses_that_the_page_names(site: Deployment) -> None:
    _, headers, page = served(site, event("site/console"))
    addresses = NAMED.findall(page.decode())

    cache_controls = {served(site, asset(address))[1]["Cache-Control"] for address in addresses}

    assert len(addresses) == 3
    assert cache_controls == {"public, max-age=31536000, immutable"}
    assert headers["Cache-Control"] == "no-cache"


def test_scripts_name_each_other_as_the_page_names_them(site: Deployment) -> None:
    version = NAMED.findall(served(site, event("site/console"))[2].decode())[0].partition("?")[2]

    named = {
        address
        for name in SCRIPTS
        for address in IMPORTED.findall(served(site, asset(f"/assets/{name}"))[2].decode())
    }

    assert named == {f"{name}?{version}" for name in SCRIPTS}


def test_an_address_of_another_version_is_not_kept(site: Deployment) -> None:
    _, headers, _ = served(site, asset("/assets/main.js?v=0123456789abcdef"))

    assert headers["Cache-Control"] == "no-cache"


def test_a_page_of_another_version_is_led_to_todays_scripts_and_begins_no_second_console(
    site: Deployment,
) -> None:
    """Two instances would both take what is dropped and pasted, and store it twice."""
    current = NAMED.findall(served(site, event("site/console"))[2].decode())[0].partition("?")[2]

    entry, *later = (
        served(site, asset(f"/assets/{name}?v=0123456789abcdef"))[2].decode() for name in SCRIPTS
    )

    assert entry == f'import "./main.js?{current}";'
    for script in later:
        assert script.startswith("location.reload();")
        assert not IMPORTED.findall(script)


def test_a_style_sheet_of_another_version_is_todays(site: Deployment) -> None:
    plain, older = (
        served(site, asset(f"/assets/console.css{end}"))[2] for end in ("", "?v=0123456789abcdef")
    )

    assert plain == older


@pytest.mark.parametrize("accepted", ["gzip, deflate, br", "GZIP;q=0.5", "*;q=0, gzip"])
def test_a_file_is_packed_for_clients_that_accept_it(site: Deployment, accepted: str) -> None:
    plain = served(site, asset("/assets/main.js"))

    status, headers, content = served(site, with_headers(asset("/assets/main.js"), accept_encoding=accepted))

    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding, Origin")
    assert gzip.decompress(content) == plain[2]
    assert headers["ETag"] == f"W/{plain[1]['ETag']}"


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0"])
def test_a_file_is_not_packed_for_clients_that_do_not_accept_it(site: Deployment, accepted: str) -> None:
    _, headers, content = served(site, with_headers(asset("/assets/main.js"), accept_encoding=accepted))

    assert "Content-Encoding" not in headers
    assert content == (built_site() / "assets/main.js").read_bytes()


def test_a_file_that_is_known_already_is_not_sent_again(site: Deployment) -> None:
    _, first, _ = served(site, with_headers(asset("/assets/console.css"), accept_encoding="gzip"))

    again = with_headers(asset("/assets/console.css"), if_none_match=first["ETag"], accept_encoding="gzip")
    status, headers, content = served(site, again)

    assert (status, content) == (304, b"")
    assert (headers["ETag"], headers["Vary"]) == (first["ETag"], "Accept-Encoding, Origin")


def test_only_the_worker_that_decodes_heic_may_compile_and_it_reaches_nothing_else(site: Deployment) -> None:
    address = NAMED.findall(served(site, event("site/console"))[2].decode())[0]
    version = address.partition("?")[2]

    _, headers, content = served(site, asset(f"/assets/heif-worker.js?{version}"))
    page = policy_of(served(site, event("site/console"))[1])

    assert policy_of(headers) == {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "connect-src": ["'self'"],
    }
    assert "'wasm-unsafe-eval'" not in page["script-src"]
    assert page["trusted-types"] == ["heif-worker"]
    assert set(re.findall(r"/assets/([a-z.-]+)", content.decode())) == {"libheif.js", "libheif.wasm"}


def test_the_library_for_heic_comes_as_it_was_built_with_its_licence(site: Deployment) -> None:
    package = ROLLUP.parents[1] / "packages/node_modules/libheif-js/libheif-wasm"
    kinds = {"libheif.js": "text/javascript", "libheif.wasm": "application/wasm"}

    for name, kind in kinds.items():
        _, headers, content = served(site, asset(f"/assets/{name}?v=0123456789abcdef"))
        assert content == (package / name).read_bytes()
        assert headers["Content-Type"].startswith(kind)
    _, headers, content = served(site, asset("/assets/libheif-license.txt"))

    assert b"GNU LESSER GENERAL PUBLIC LICENSE" in content
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "name", ["..%2Fapp.py", "app.py", "index.html", "", "main.js.map", "dom.js", "early.js"]
)
def test_nothing_but_the_files_of_the_console_is_served(site: Deployment, name: str) -> None:
    sent = event("site/console-file") | {"rawPath": f"/assets/{name}", "pathParameters": {"file": name}}

    answer = site.invoke("site", sent)

    assert_refused(Answer(answer["statusCode"], answer["headers"], answer["body"]), 404, "route_not_found")


def test_the_console_gets_the_issuer_and_the_limits(site: Deployment) -> None:
    answer = site.answer_to("site/console-settings")

    assert answer.status == 200
    assert answer.json == {
        "issuer": TOLD["ISSUER"],
        "client_id": "console-1",
        "scopes": "openid images:admin",
        "admin_scope": "images:admin",
        "audience": "image-store",
        "r2_origin": TOLD["R2_ENDPOINT"],
        "public_url": "https://cdn.example.com",
        "api_url": API,
        "mcp_url": f"{API}/mcp",
        "openai_url": OPENAI_URL,
        "presets": ["thumb", "display", "w640"],
        "widths": {"w640": 640},
        "limits": {
            "request_bytes": 4_000_000,
            "upload_bytes": 100 * 1024 * 1024,
            "upload_pixels": 50_000_000,
            "title_chars": 300,
            "group_id_chars": 128,
            "alt_text_chars": 2_000,
            "job_images": 50,
            "variations": 10,
            "references": 10,
            "share_name_chars": 100,
        },
    }


def test_all_scripts_together_travel_in_less_than_100_kb(site: Deployment) -> None:
    """F1: every screen, packed as browsers take them."""
    sizes = {
        name: len(served(site, with_headers(asset(f"/assets/{name}"), accept_encoding="gzip"))[2])
        for name in SCRIPTS
    }

    assert sum(sizes.values()) < MAX_SCRIPT_BYTES, sizes


def test_the_page_of_webhooks_offers_every_type_of_event() -> None:
    """Every webhook hears about its tests, so these are no choice."""
    text = (CONSOLE / "webhooks/event-types.js").read_text("utf-8")
    offered = re.findall(r'^  "([a-z._]+)":', text, re.MULTILINE)

    assert offered == [each.value for each in EventType if each is not EventType.WEBHOOK_TEST]


def test_the_console_loads_nothing_from_elsewhere() -> None:
    elsewhere = {
        (path.name, address)
        for path in SOURCES
        for address in re.findall(r"https?://[^\s\"'`)]+", path.read_text("utf-8"))
    }

    assert elsewhere <= {
        ("blurhash.js", "https://blurha.sh"),  # where the format is described
        ("dom.js", "http://www.w3.org/2000/svg"),
        ("mark.svg", "http://www.w3.org/2000/svg"),
    }


def test_no_script_makes_markup_of_text() -> None:
    for path in MODULES:
        text = path.read_text("utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        ), path.name


def test_the_largest_upload_that_the_console_offers_is_the_deployments(
    deployed: Callable[..., Deployment],
) -> None:
    store = deployed(MAX_BYTES="5000000")

    answer = store.answer_to("site/console-settings")

    assert answer.json["limits"]["upload_bytes"] == 5_000_000


@pytest.mark.parametrize("script", MODULES, ids=lambda path: path.name)
def test_no_script_of_the_console_repeats_a_limit_of_the_deployment(script: Path) -> None:
    text = script.read_text()

    assert not re.search(r"max(length)?: \d{2}|const MOST_(IMAGES|REFERENCES)|up to \d+ MB", text)


def test_no_line_of_the_console_is_longer_than_120_characters() -> None:
    longer = {
        f"{path.relative_to(CONSOLE)}:{number}"
        for path in (*SOURCES, CONSOLE / "rollup.config.mjs")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if len(line) > MAX_LINE_CHARS
    }

    assert longer == set()


def test_modules_of_the_console_import_each_other_in_no_circle() -> None:
    """Imports when needed count too."""
    imports = {
        path: {
            (path.parent / name).resolve()
            for name in re.findall(r"""(?:from|import\() ?"(\.[^"]+)\"""", path.read_text("utf-8"))
        }
        for path in MODULES
    }

    order = list(TopologicalSorter(imports).static_order())  # refuses a circle, and names it

    assert set(order) == set(MODULES)
    assert sum(map(len, imports.values())) > len(MODULES)


def test_the_bundle_is_the_same_wherever_it_is_built(tmp_path: Path) -> None:
    build_site(tmp_path)

    bundles = [
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        for folder in (tmp_path, built_site())
    ]

    assert bundles[0] == bundles[1]


def test_a_circle_of_imports_fails_the_build(tmp_path: Path) -> None:
    console = shutil.copytree(CONSOLE, tmp_path / "console")
    (console / "parts/dom.js").write_text(
        'import { icon } from "./icons.js";\nexport const [h, s, fill, field, isTyping] = [icon];\n'
    )

    built = subprocess.run(
        [ROLLUP, "--config", "--silent", "--dir", tmp_path / "out"],
        cwd=console,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 1
    assert "Circular dependency: parts/dom.js -> parts/icons.js -> parts/dom.js" in built.stderr
