"""Serves a client over stdin and stdout: one JSON message a line, and nothing else.

Each call runs in a thread of its own, so that a long one does not hold up the others. The end of stdin ends the
server, after the calls that are under way.
"""

from __future__ import annotations

import json
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Protocol

from image_store_mcp.protocol.failures import ProtocolError
from image_store_mcp.protocol.messages import MAX_MESSAGE_BYTES, check, id_of, read, too_long
from image_store_mcp.protocol.server import error_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_AT_ONCE = 16
"""Further messages wait in the pipe until one of these calls has ended."""
LAST_CALLS_SECONDS = 30.0


class AnswersMessages(Protocol):
    """One connection with a client, for as long as the process runs."""

    def answer(self, message: object) -> dict[str, Any] | None:
        """The answer to a message; None if it has none. It never raises."""


class StdioServer:
    """Reads messages from `source` and writes their answers to `target`."""

    def __init__(self, session: AnswersMessages, source: IO[bytes], target: IO[bytes]) -> None:
        self._session = session
        self._source = source
        self._target = target
        self._writing = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_AT_ONCE)
        self._calls = _Calls()

    def run(self) -> None:
        """Serve until the input ends."""
        for line in self._lines():
            if line is None:
                self._write(error_answer(None, too_long()))
                continue
            if not line.strip():
                continue
            message: object = None
            try:
                message = read(line.rstrip(b"\n"))
                check(message)
            except ProtocolError as error:
                self._write(error_answer(id_of(message), error))
                continue
            self._take(message)
        self._calls.wait(LAST_CALLS_SECONDS)

    def _lines(self) -> Iterator[bytes | None]:
        """The lines; None for one that is too long, of which no more than the bound is kept in memory."""
        while line := self._source.readline(MAX_MESSAGE_BYTES + 1):
            if len(line) <= MAX_MESSAGE_BYTES or line.endswith(b"\n"):
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = self._source.readline(MAX_MESSAGE_BYTES)
            yield None

    def _take(self, message: object) -> None:
        method = message.get("method") if isinstance(message, dict) else None
        if isinstance(message, dict) and method == "notifications/cancelled":
            params = message.get("params")
            self._calls.cancel(params.get("requestId") if isinstance(params, dict) else None)
        if not isinstance(message, dict) or method == "initialize" or "id" not in message:
            self._answer(message)  # what follows may depend on it, and it needs no store
            return
        self._places.acquire()
        call = self._calls.begin(message["id"])
        threading.Thread(target=self._run_call, args=(message, call), daemon=True).start()

    def _run_call(self, message: object, call: _RunningCall) -> None:
        try:
            answer = self._session.answer(message)
            if answer is not None and not call.is_cancelled:
                self._write(answer)
        finally:
            self._calls.end(call)
            self._places.release()

    def _answer(self, message: object) -> None:
        answer = self._session.answer(message)
        if answer is not None:
            self._write(answer)

    def _write(self, answer: dict[str, Any]) -> None:
        # Escaped, because a text may hold half of a character, which no encoding can write.
        line = json.dumps(answer, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
        with self._writing:
            try:
                self._target.write(line)
                self._target.flush()
            except (OSError, ValueError):
                pass  # the client is gone; the end of stdin follows


class _RunningCall:
    def __init__(self, identifier: object) -> None:
        self.identifier = identifier
        self.is_cancelled = False


class _Calls:
    """The calls under way."""

    def __init__(self) -> None:
        self._calls: list[_RunningCall] = []
        self._changed = threading.Condition()

    def begin(self, identifier: object) -> _RunningCall:
        """Note a call."""
        call = _RunningCall(identifier)
        with self._changed:
            self._calls.append(call)
        return call

    def end(self, call: _RunningCall) -> None:
        """Forget a call."""
        with self._changed:
            self._calls.remove(call)
            self._changed.notify_all()

    def cancel(self, identifier: object) -> None:
        """Write no answer to a call; the work that it began may go on."""
        with self._changed:
            for call in self._calls:
                if call.identifier == identifier:
                    call.is_cancelled = True

    def wait(self, seconds: float) -> None:
        """Wait until no call is under way."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._calls and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
