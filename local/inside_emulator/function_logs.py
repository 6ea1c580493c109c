"""Show what the handlers log in the emulator's log file; MiniStack puts it into CloudWatch Logs alone."""

from __future__ import annotations

import fcntl
import importlib
import logging
import struct
import termios
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BREATH_SECONDS = 0.001
"""In which the thread that reads a pipe passes on what it has read."""
LONGEST_SECONDS = 0.25

logger = logging.getLogger("function")


def log_functions() -> None:
    """Log every invocation's lines under the function's name."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    emit = functions._emit_lambda_logs

    def emit_and_log(
        function: dict[str, Any], request_id: str, text: str, *rest: Any, **options: Any
    ) -> None:
        name = (function.get("config") or function).get("FunctionName", "?")
        for line in text.splitlines():
            logger.info("%s %s", name, line)
        emit(function, request_id, text, *rest, **options)

    functions._emit_lambda_logs = emit_and_log


def end_invocations_with_their_logs() -> None:
    """Answer an invocation as soon as its lines are read.

    MiniStack waits 50 ms for the first line of each that logs none, and a worker takes no other meanwhile. What a
    handler logs is in its pipe before it answers, so an empty pipe says that there is nothing to wait for.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    wait_and_drain = runtime.Worker._drain_stderr_bounded

    def drain(worker: Any, *arguments: Any, **options: Any) -> str:
        process = worker._proc
        if process is None:  # it failed, and the pipe went with it
            return str(wait_and_drain(worker, *arguments, **options))
        return "\n".join(taken_from(process.stderr, worker._drain_stderr))

    runtime.Worker._drain_stderr_bounded = drain


def taken_from(pipe: Any, take: Callable[[], str]) -> list[str]:
    """Take what another thread passes on of a pipe, until the pipe is empty and nothing more comes."""
    until = time.monotonic() + LONGEST_SECONDS
    taken: list[str] = []
    while True:
        is_empty = unread_bytes(pipe) == 0
        time.sleep(BREATH_SECONDS)
        some = take()
        if some:
            taken.append(some)
        elif is_empty:
            return taken
        if time.monotonic() > until:
            return taken


def unread_bytes(pipe: Any) -> int:
    """Tell how many bytes lie in a pipe."""
    answer = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0\0\0\0")
    (number,) = struct.unpack("i", answer)
    return int(number)
