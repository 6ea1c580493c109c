"""Cloudflare's purge API on this machine, as its documentation describes it, with the cache behind it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

ZONE = "fedcba9876543210fedcba9876543210"
TOKEN = "v1.0-a-token-of-nobody"
ENTRIES_PER_CALL = 100


@dataclass(frozen=True)
class Answer:
    """An answer other than the one that is due."""

    status: int
    body: bytes = b'{"success":false,"errors":[{"code":1,"message":"no"}]}'
    headers: dict[str, str] = field(default_factory=dict)


class CloudflareServer:
    """The API at `url`, for the time of a `with`.

    `cached` is what the zone's cache holds: an address as it was asked for, query and all, and the Origin that asked.
    `answers` are given to the next calls in place of the true ones; `silent` lets calls wait for ever.
    """

    def __init__(self, *, token: str = TOKEN) -> None:
        self.token = token
        self.cached: set[tuple[str, str | None]] = set()
        self.calls: list[dict[str, list[str]]] = []
        self.answers: list[Answer] = []
        self.silent = False
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def purged(self, what: str = "files") -> list[str]:
        """Everything that calls which succeeded named."""
        return [entry for call in self.calls for entry in call.get(what, ())]

    def wait_for_the_end(self) -> None:
        """Return when the server is closed."""
        self._closing.wait()

    def answer(self, path: str, authorization: str, body: bytes) -> Answer:
        """What the API says to one call."""
        if self.answers:
            return self.answers.pop(0)
        if authorization != f"Bearer {self.token}":
            return Answer(403)
        if path != f"/client/v4/zones/{ZONE}/purge_cache":
            return Answer(404)
        entry: dict[str, Any] = json.loads(body)
        if len(entry) != 1 or not all(0 < len(entries) <= ENTRIES_PER_CALL for entries in entry.values()):
            return Answer(400)
        self._purge(entry)
        self.calls.append(entry)
        return Answer(200, json.dumps({"success": True, "errors": [], "result": {"id": ZONE}}).encode())

    def _purge(self, body: dict[str, list[str]]) -> None:
        self.cached -= {(url, None) for url in body.get("files", ())}
        for prefix in body.get("prefixes", ()):
            assert "://" not in prefix
            self.cached = {
                (url, origin)
                for url, origin in self.cached
                if not f"{url.partition('://')[2]}/".startswith(f"{prefix}/")
            }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if api.silent:
                    api.wait_for_the_end()
                    self.close_connection = True
                    return
                given = api.answer(self.path, self.headers.get("Authorization", ""), body)
                self.send_response(given.status)
                for name, value in {**given.headers, "Content-Length": str(len(given.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(given.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
                pass

        return Handler
