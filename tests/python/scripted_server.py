"""A real HTTP server whose answers a test lists."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.local_servers import METHODS, LocalHandler, LocalServer

if TYPE_CHECKING:
    from email.message import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: a status with JSON or bytes; a status of 0 breaks the connection instead.

    It is sent after its delay, and once all requests with the same `meeting` have arrived.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0
    meeting: threading.Barrier | None = None


CUT = Answer(0)


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived."""

    method: str
    path: str
    headers: Message
    body: bytes


class ScriptedServer(LocalServer):
    """Gives the listed answers, the last of them for ever, and lists the requests."""

    def __init__(self) -> None:
        super().__init__(_handler(self))
        self.requests: list[Received] = []
        self.answers: deque[Answer] = deque()
        self._ended = threading.Event()

    def answer(self, *answers: Answer) -> None:
        """Give these answers to the next requests."""
        self.answers = deque(answers)

    def take(self, received: Received) -> Answer:
        """Note a request and choose its answer."""
        with self.lock:
            self.requests.append(received)
            chosen = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if chosen.meeting is not None:
            chosen.meeting.wait()
        self._ended.wait(chosen.delay_seconds)
        return chosen

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        super().__exit__()


def problem(status: int, code: str, **more: Any) -> Answer:
    """An error as the store answers it; `retry_after` becomes its header."""
    headers = {"Retry-After": str(more.pop("retry_after"))} if "retry_after" in more else {}
    body = {"type": "about:blank", "title": "A title", "status": status, "detail": "A detail.", "code": code}
    return Answer(status, body | {"request_id": "r-1"} | more, headers)


def _handler(server: ScriptedServer) -> type[LocalHandler]:
    class Handler(LocalHandler):
        def answer_any(self) -> None:
            chosen = server.take(Received(self.command, self.path, self.headers, self.body()))
            if chosen.status == 0:
                self.close_connection = True
                return
            data = chosen.body if isinstance(chosen.body, bytes) else json.dumps(chosen.body).encode()
            self.answer(chosen.status, b"" if chosen.body is None else data, chosen.headers)

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler.answer_any)
    return Handler
