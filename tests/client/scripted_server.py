"""A real HTTP server whose answers a test lists."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from email.message import Message

PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: a status with JSON or bytes; a status of 0 breaks the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0


CUT = Answer(0)


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived."""

    method: str
    path: str
    headers: Message
    body: bytes


class ScriptedServer:
    """Gives the listed answers, the last of them for ever, and lists the requests."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, *answers: Answer) -> None:
        """Give these answers to the next requests."""
        self.answers = deque(answers)

    def take(self, received: Received) -> Answer:
        """Note a request and choose its answer."""
        with self._lock:
            self.requests.append(received)
            chosen = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        self._ended.wait(chosen.delay_seconds)
        return chosen

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_SECONDS)


def problem(status: int, code: str, **more: Any) -> Answer:
    """An error as the store answers it; `retry_after` becomes its header."""
    headers = {"Retry-After": str(more.pop("retry_after"))} if "retry_after" in more else {}
    body = {"type": "about:blank", "title": "A title", "status": status, "detail": "A detail.", "code": code}
    return Answer(status, body | {"request_id": "r-1"} | more, headers)


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = PATIENCE_SECONDS

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def answer_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            chosen = server.take(Received(self.command, self.path, self.headers, body))
            if chosen.status == 0:
                self.close_connection = True
                return
            data = chosen.body if isinstance(chosen.body, bytes) else json.dumps(chosen.body).encode()
            data = b"" if chosen.body is None else data
            self.send_response(chosen.status)
            for name, value in {"Content-Length": str(len(data)), **chosen.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
            if chosen.headers.get("Content-Length", str(len(data))) != str(len(data)):
                self.close_connection = True  # fewer bytes than were announced

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.answer_any)
    return Handler
