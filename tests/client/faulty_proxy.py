"""A forward proxy on this machine's loopback address that breaks requests as bad networks do."""

from __future__ import annotations

import socket
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30
PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next request of a method whose path ends so.

    `cut` breaks the connection in the middle of the body, `lost` after the request was done and before its response
    is back, and a status is answered instead of the request.
    """

    method: str
    path_end: str
    kind: Literal["cut", "lost"] | int


class FaultyProxy:
    """Forwards requests, apart from its faults, each of which happens once."""

    def __init__(self) -> None:
        self.faults: deque[Fault] = deque()
        self.requests: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, method: str, path: str) -> Fault | None:
        """Note a request, and remove and return its fault."""
        with self._lock:
            self.requests.append(f"{method} {path}")
            for fault in self.faults:
                if fault.method == method and path.endswith(fault.path_end):
                    self.faults.remove(fault)
                    return fault
            return None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)


def _handler(proxy: FaultyProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE_SECONDS
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def forward(self) -> None:
            """Forward one request, with `Connection: close` on both sides."""
            self.close_connection = True
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            fault = proxy.take(self.command, parts.path)
            if fault is not None and isinstance(fault.kind, int):
                self.rfile.read(length)
                self.send_response(fault.kind)
                for name, value in (("Retry-After", "0"), ("Content-Length", "0"), ("Connection", "close")):
                    self.send_header(name, value)
                self.end_headers()
                return
            with socket.create_connection(
                (str(parts.hostname), parts.port or 80), PATIENCE_SECONDS
            ) as upstream:
                upstream.sendall(self._head(parts.path, parts.query))
                sent = 0
                while sent < length:
                    if fault is not None and fault.kind == "cut" and sent > length // 2:
                        return
                    piece = self.rfile.read(min(PIECE_BYTES, length - sent))
                    upstream.sendall(piece)
                    sent += len(piece)
                while piece := upstream.recv(PIECE_BYTES):
                    if fault is None:
                        with suppress(ConnectionError):
                            self.wfile.write(piece)

        def _head(self, path: str, query: str) -> bytes:
            target = f"{path}?{query}" if query else path
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            lines = [f"{self.command} {target} HTTP/1.1", "Connection: close"]
            return "\r\n".join(
                [*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            ).encode()

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.forward)
    return Handler
