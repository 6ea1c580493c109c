"""The local stack's issuer on this machine's loopback address, without the stack, and a person with a browser."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

import httpx
from aiohttp import web

from local.issuer import Issuer
from local.issuer_keys import new_key
from local.issuer_pages import issuer_application

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = (new_key("RS256"), new_key("ES256"))
READY_SECONDS = 60
REQUEST_SECONDS = 60


class RunningIssuer:
    """Serves the issuer from a thread; a context manager."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        url = f"http://localhost:{self._socket.getsockname()[1]}"
        self.issuer = Issuer(url=url, keys=KEYS, origins=frozenset(), now=lambda: datetime.now(UTC))
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ended: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    @property
    def url(self) -> str:
        """Its address, which is its name."""
        return self.issuer.url

    @property
    def console_settings(self) -> dict[str, str]:
        """What `/config.json` of a store with this issuer says about signing in."""
        return {"issuer": self.url, "client_id": "console", "scopes": "openid", "audience": "image-store"}

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(READY_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(READY_SECONDS)
        self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        runner = web.AppRunner(issuer_application(self.issuer, self.issuer), access_log=None)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()


class Person:
    """Somebody with a browser who signs in under a name, as soon as an address opens."""

    def __init__(self, name: str, *, is_here: bool = True) -> None:
        self.name = name
        self.is_here = is_here
        self.visits: list[str] = []
        self.change_redirect: Callable[[str], str] = lambda redirect: redirect
        """What happens to the address of the redirect on its way back."""
        self._threads: list[threading.Thread] = []

    def open(self, url: str) -> bool:
        """Open an address and sign in there, while the command waits."""
        if not self.is_here:
            return False
        self.visits.append(url)
        thread = threading.Thread(target=self.sign_in, args=(url,))
        self._threads.append(thread)
        thread.start()
        return True

    def sign_in(self, url: str) -> None:
        """Choose the name on the sign-in page, and follow the redirect back."""
        with httpx.Client(timeout=REQUEST_SECONDS, trust_env=False) as http:
            page = http.get(url)
            assert "Who are you?" in page.text, page.text
            chosen = http.get(f"{url}&as={self.name}")
            if chosen.is_redirect:
                http.get(self.change_redirect(chosen.headers["location"]))

    def wait(self) -> None:
        """Wait until everything that was opened has ended."""
        for thread in self._threads:
            thread.join(READY_SECONDS)


def device_address(text: str) -> str:
    """The address to open for the code that a command shows."""
    match = re.search(r"Open (\S+) on any device, and enter the code (\S+)", text)
    assert match is not None, text
    return f"{match[1]}?user_code={match[2]}"


def query_of(url: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
