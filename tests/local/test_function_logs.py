"""Log lines of handlers are read before their response is passed on."""

from __future__ import annotations

import os
import threading
import time
from queue import Empty, Queue
from typing import TYPE_CHECKING

from local.inside_emulator.function_logs import drain_pipe, unread_bytes

if TYPE_CHECKING:
    import pytest

LINES = [f"line {number}\n" for number in range(2_000)]
PATIENCE_SECONDS = 60


def test_every_line_logged_before_the_response_is_read() -> None:
    reads, writes = os.pipe()
    passed_on: Queue[str] = Queue()

    def take() -> str:
        lines = []
        try:
            while True:
                lines.append(passed_on.get_nowait())
        except Empty:
            return "".join(lines)

    with os.fdopen(reads) as pipe, os.fdopen(writes, "w") as log:

        def read() -> None:
            for line in pipe:
                passed_on.put(line)

        log.writelines(LINES)
        log.flush()
        reader = threading.Thread(target=read)
        reader.start()
        text = drain_pipe(pipe, take)
        log.close()
        reader.join(PATIENCE_SECONDS)

    assert "".join(text) == "".join(LINES)


def test_an_unread_pipe_does_not_block_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    reads, writes = os.pipe()
    with os.fdopen(reads) as pipe, os.fdopen(writes, "w") as log:
        log.write("nobody reads this")
        log.flush()

        text = drain_pipe(pipe, str)

        assert (text, unread_bytes(pipe)) == ([], len("nobody reads this"))
