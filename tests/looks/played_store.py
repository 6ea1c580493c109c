"""The built console on its own origin, with a store whose answers never change, so that it always looks the same."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from PIL import ImageFont

from image_store.entrypoints.operations.console import Addresses, ConsoleSettings, settings_response
from image_store.settings.callers import SignInSettings
from tests.e2e.console.many_images import ManyImages
from tests.site_bundle import built_site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Page, Route

ORIGIN = "https://console.example"
NOW = "2026-11-21T15:00:00Z"
PICTURES = f"{ORIGIN}/pictures/"
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
SETTINGS = ConsoleSettings(
    sign_in=SignInSettings(
        issuer=f"{ORIGIN}/issuer", audience="", client_id="console", scopes="openid", token_url=""
    ),
    admin_scope="images:admin",
    storage_origin=ORIGIN,
    public_url=f"{ORIGIN}/public",
    presets=("thumb", "display", "w640"),
    widths={"w640": 640},
    max_upload_bytes=50_000_000,
    max_upload_pixels=50_000_000,
)
ADDRESSES = Addresses(api_url=ORIGIN, mcp_url=f"{ORIGIN}/mcp", openai_url=None)
COLORS = ["#5b7c99", "#a5673f", "#6b8f5e", "#94618e", "#b59a4a", "#4a8f96", "#8a8f99"]
ONE_FONT = """
@font-face { font-family: "the only one"; src: url("/font.ttf"); }
*, *::before, *::after { font-family: "the only one" !important; caret-color: transparent !important;
  animation: none !important; transition: none !important; }"""
"""Text has the same shapes on every machine, and nothing moves."""


class PlayedStore:
    """Answers every request of a page. `answers` are bodies by the path of a route, beside the images themselves."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.missing: list[str] = []
        """What was requested and is not played."""
        self._answers = answers
        self._images = Pictures.usual()

    def put_into(self, page: Page) -> None:
        """Answer in a page whatever it asks for; what has no answer is `missing`."""
        page.route("**/*", self._file)
        page.route(re.compile(f"^{PICTURES}"), self._picture)
        self._images.put_into(page)
        for path, body in self._answers.items():
            page.route(re.compile(rf"^{ORIGIN}{re.escape(path)}(\?|$)"), played(body))

    def _file(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            return route.fulfill(body=index(), content_type="text/html")
        if path == "/font.ttf":
            return route.fulfill(body=font(), content_type="font/ttf")
        if path.startswith("/assets/"):
            file = built_site() / path.removeprefix("/")
            return route.fulfill(body=file.read_bytes(), content_type=MEDIA_TYPES[file.suffix])
        self.missing.append(f"{route.request.method} {path}")
        return route.abort()

    def _picture(self, route: Route) -> None:
        number = int(urlsplit(route.request.url).path.rsplit("/", 1)[1])
        color, other = COLORS[number % len(COLORS)], COLORS[(number * 3 + 1) % len(COLORS)]
        body = (
            '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200" preserveAspectRatio="none" '
            f'viewBox="0 0 3 2"><path fill="{color}" d="M0 0h3v2H0z"/><path fill="{other}" d="M0 2 3 1v1z"/></svg>'
        )
        route.fulfill(body=body, content_type="image/svg+xml")


class Pictures(ManyImages):
    """Images that differ in more than their size."""

    @classmethod
    def usual(cls) -> Self:
        """Those of all screens: of ten months."""
        return cls(240, apart=timedelta(hours=30))

    def card(self, index: int) -> dict[str, Any]:
        """Every seventh is public, and every fifth unlisted."""
        visibility = "public" if index % 7 == 3 else "unlisted" if index % 5 == 2 else "private"
        return super().card(index) | {"visibility": visibility, "thumb_url": f"{PICTURES}{index}"}


def played(body: Any) -> Any:
    """A handler that answers this."""
    return lambda route: route.fulfill(json=body)


def index() -> str:
    """The page, with its settings as the site function puts them in."""
    settings = html.escape(str(settings_response(SETTINGS, ADDRESSES).body))
    page = (built_site() / "index.html").read_text("utf-8")
    return page.replace('<meta name="settings" content="">', f'<meta name="settings" content="{settings}">')


def font() -> bytes:
    """The font that Pillow brings along."""
    default = ImageFont.load_default(size=12)
    assert isinstance(default, ImageFont.FreeTypeFont)
    assert isinstance(default.path, BytesIO)
    return default.path.getvalue()
