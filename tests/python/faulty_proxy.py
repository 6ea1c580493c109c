"""A forward proxy on this machine's loopback address that breaks requests as bad networks do."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tests.local_servers import METHODS, PATIENCE_SECONDS, LocalHandler, LocalServer

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


class FaultyProxy(LocalServer):
    """Forwards requests, apart from its faults, each of which happens once."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.faults: deque[Fault] = deque()
        self.requests: list[str] = []

    def take(self, method: str, path: str) -> Fault | None:
        """Note a request, and remove and return its fault."""
        with self.lock:
            self.requests.append(f"{method} {path}")
            for fault in self.faults:
                if fault.method == method and path.endswith(fault.path_end):
                    self.faults.remove(fault)
                    return fault
            return None


def _handler(proxy: FaultyProxy) -> type[LocalHandler]:
    class Handler(LocalHandler):
        def forward(self) -> None:
            """Forward one request, with `Connection: close` on both sides."""
            self.close_connection = True
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            fault = proxy.take(self.command, parts.path)
            if fault is not None and isinstance(fault.kind, int):
                self.rfile.read(length)
                self.answer(fault.kind, headers={"Retry-After": "0", "Connection": "close"})
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

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler.forward)
    return Handler
