"""A server on loopback that answers what it is told, and remembers what it was asked."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class ScriptedResponse:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    seconds: float = 0.0
    """How long it takes to come."""
    cut_at: int | None = None
    """After how many bytes the connection breaks off; 0 is before the first."""
    drip_seconds: float = 0.0
    """How long each byte of the body takes."""


@dataclass(frozen=True)
class ReceivedRequest:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes


class ScriptedServer:
    """The server's side of a test."""

    def __init__(self) -> None:
        self.response = ScriptedResponse()
        self.next_responses: list[ScriptedResponse] = []
        """What it answers to the requests after the first, where that is something else."""
        self.requests: list[ReceivedRequest] = []
        self.address = ""

    def answer_to(self, request: ReceivedRequest) -> ScriptedResponse:
        """What it answers to a request, which it remembers."""
        self.requests.append(request)
        return self.next_responses.pop(0) if len(self.requests) > 1 and self.next_responses else self.response


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """A server for as long as the context lasts."""
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            response = script.answer_to(
                ReceivedRequest(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    body,
                )
            )
            time.sleep(response.seconds)
            self.close_connection = True
            if response.cut_at == 0:
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.content_type:
                self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            with suppress(OSError):  # whoever asked may have hung up
                self._send(response)

        def _send(self, response: ScriptedResponse) -> None:
            if not response.drip_seconds:
                self.wfile.write(
                    response.body if response.cut_at is None else response.body[: response.cut_at]
                )
                return
            for byte in response.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(response.drip_seconds)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    script.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
