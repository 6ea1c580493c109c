"""What the HTTP servers of tests have in common: a port of the loopback address, threads, and short answers."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_SECONDS = 60
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
"""What a server answers that treats all methods in the same way."""


class LocalServer:
    """A server that runs while its `with` block does."""

    def __init__(self, handler: type[LocalHandler], *, address: str = "127.0.0.1") -> None:
        self.lock = threading.Lock()
        self._server = _Server((address, 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that close the connection: tests cancel requests and refuse long answers."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class LocalHandler(BaseHTTPRequestHandler):
    """Keeps connections open, sends without a delay, and says nothing on stderr."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = PATIENCE_SECONDS

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def body(self) -> bytes:
        """The body of the request, also of one in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, data: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Send an answer; a HEAD gets no body. The connection ends after a length that is not that of the data."""
        length = str(len(data))
        sent = {"Content-Length": length, **(headers or {})}
        self.send_response(status)
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.close_connection |= sent["Content-Length"] != length
