"""`image-store link` and `open`: addresses of pictures and of pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store_cli.exits import Exit
from image_store_cli.sign_in.browser import SystemBrowser
from tests.unit.cli.terminal import URL, command

if TYPE_CHECKING:
    from pathlib import Path


class FakeBrowser:
    """Remembers the addresses that it opened."""

    def __init__(self, *, is_here: bool = True) -> None:
        self.is_here = is_here
        self.opened: list[str] = []

    def open(self, url: str) -> bool:
        """Open an address."""
        self.opened += [url] if self.is_here else []
        return self.is_here


LINK = {"url": "https://store.example/r/signed", "expires_at": "2026-03-01T13:00:00Z"}


def test_a_link_is_requested_as_given_and_stands_alone_on_stdout(tmp_path: Path) -> None:
    bodies: list[dict[str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/images/abc/links"
        bodies.append(json.loads(request.content))
        return httpx.Response(201, json=LINK)

    result = command(
        handler, "link", "abc", "--width", "800", "--height", "600", "--fit", "cover", "--gravity", "smart",
        "--format", "avif", "--quality", "60", "--for", "7d", folder=tmp_path,
    )  # fmt: skip
    line = command(handler, "link", "abc", "--json", folder=tmp_path)

    assert (result.exit_code, result.out) == (Exit.OK, f"{LINK['url']}\n")
    assert bodies == [
        {
            "w": 800,
            "h": 600,
            "fit": "cover",
            "gravity": "smart",
            "format": "avif",
            "q": 60,
            "expires_in": 604_800,
        },
        {},
    ]
    assert line.lines == [{"id": "abc", **LINK}]


@pytest.mark.parametrize(
    ("words", "address"), [((), f"{URL}/"), (("abc",), f"{URL}/#/images/abc")], ids=["console", "image"]
)
def test_the_address_of_a_page_is_opened_and_printed(
    tmp_path: Path, words: tuple[str, ...], address: str
) -> None:
    browser = FakeBrowser()

    result = command(
        None,
        "open",
        *words,
        "--json",
        folder=tmp_path,
        browser=browser,
    )

    assert (result.exit_code, browser.opened) == (Exit.OK, [address])
    assert json.loads(result.out) == {"url": address, "opened": True}


def test_without_a_browser_the_address_is_still_printed(tmp_path: Path) -> None:
    result = command(None, "open", folder=tmp_path, browser=FakeBrowser(is_here=False))

    assert (result.exit_code, result.out) == (Exit.OK, f"{URL}/\n")
    assert "There is no browser here" in result.err


def test_no_browser_is_opened_against_the_will_of_the_user(tmp_path: Path) -> None:
    browser = FakeBrowser()

    result = command(None, "open", "--no-browser", folder=tmp_path, browser=browser)

    assert (result.out, result.err, browser.opened) == (f"{URL}/\n", "", [])


def test_a_linux_machine_without_a_display_has_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")

    assert SystemBrowser({}).open("https://store.example") is False
