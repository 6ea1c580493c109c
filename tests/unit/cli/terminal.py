"""A terminal without a network: commands run in this process, against a store that a test plays."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from image_store_cli.command_line.parser import build_parser
from image_store_cli.context import Context
from image_store_cli.display.output import Output
from image_store_cli.main import run
from image_store_cli.sign_in.browser import SystemBrowser
from image_store_cli.store.api import new_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from image_store_cli.sign_in.browser import Browser
    from image_store_cli.sign_in.keyrings import Keyring

URL = "https://store.example"
TOKEN = "header.payload.signature"
PARSER = build_parser()
"""One for all commands: to build it takes longer than most commands, and parsing does not change it."""


class Keyboard(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        """It is a terminal."""
        return True


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    exit_code: int
    out: str
    err: str
    waits: list[float]

    @property
    def lines(self) -> list[Any]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment_for(folder: Path, url: str = URL) -> dict[str, str]:
    """The environment of somebody who has a token for a store, and keeps all in a folder."""
    return {
        "IMAGE_STORE_URL": url,
        "IMAGE_STORE_TOKEN": TOKEN,
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
    }


def command(
    handler: Callable[[httpx.Request], httpx.Response] | None,
    *words: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    somebody: bool = False,
    url: str = URL,
    browser: Browser | None = None,
    find_keyring: Callable[[], Keyring | None] = lambda: None,
    sleep: Callable[[float], None] | None = None,
) -> Said:
    """Run one command against a handler that answers its requests; without one they really go to `url`.

    Stdin is a person's when `somebody` is there, and a pipe otherwise.
    """
    args = PARSER.parse_args(words)
    out, err = io.StringIO(), io.StringIO()
    waits: list[float] = []
    with httpx.Client(transport=httpx.MockTransport(handler)) if handler else new_client() as http:
        context = Context(
            args,
            environment=environment_for(folder, url) | dict(environment or {}),
            folder=folder,
            stdin=Keyboard(stdin) if somebody else io.StringIO(stdin),
            out=Output(as_json=args.json, quiet=args.quiet, stdout=out, stderr=err),
            http=http,
            sleep=sleep or waits.append,
            browser=browser or SystemBrowser({}),
            find_keyring=find_keyring,
        )
        exit_code = run(context)
    return Said(exit_code, out.getvalue(), err.getvalue(), waits)


def problem(status: int, code: str, detail: str = "Something is wrong.", **headers: str) -> httpx.Response:
    """An error as the store answers it."""
    body = {"type": "about:blank", "title": "A title", "status": status, "detail": detail, "code": code}
    return httpx.Response(
        status,
        json=body | {"request_id": "r-1"},
        headers={"Content-Type": "application/problem+json", **headers},
    )
