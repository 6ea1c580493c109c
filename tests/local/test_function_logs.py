"""What handlers log is read before their answer is passed on."""

from __future__ import annotations

import os
import threading
import time
from queue import Queue

import pytest

from local.inside_emulator.function_logs import unread_bytes, wait_until_read

LINES = [f"line {number}\n" for number in range(2_000)]
PATIENCE_SECONDS = 10


def test_every_line_that_was_logged_before_the_answer_is_passed_on() -> None:
    reads, writes = os.pipe()
    passed_on: Queue[str] = Queue()
    with os.fdopen(reads) as pipe, os.fdopen(writes, "w") as log:

        def read() -> None:
            for line in pipe:
                passed_on.put(line)

        log.writelines(LINES)
        log.flush()
        reader = threading.Thread(target=read)
        reader.start()
        wait_until_read(pipe)
        seen = passed_on.qsize()
        log.close()
        reader.join(PATIENCE_SECONDS)

    assert seen == len(LINES)


def test_a_pipe_that_nobody_reads_holds_nothing_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    reads, writes = os.pipe()
    with os.fdopen(reads) as pipe, os.fdopen(writes, "w") as log:
        log.write("nobody reads this")
        log.flush()

        wait_until_read(pipe)

        assert unread_bytes(pipe) == len("nobody reads this")
