"""Write the handlers' log lines to the emulator's log file; MiniStack only writes them to CloudWatch Logs."""

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

PASSING_SECONDS = 0.001
"""Time for the thread that reads a pipe to pass on what it has read."""
LONGEST_SECONDS = 0.25

logger = logging.getLogger("function")


def log_functions() -> None:
    """Log the lines of every invocation under the function's name."""
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
    """End an invocation as soon as its log lines are read.

    MiniStack waits 50 ms for the first line of an invocation without any, and the worker is blocked meanwhile. A
    handler's lines are in its pipe before it responds, so an empty pipe means that there is nothing to wait for.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    wait_and_drain = runtime.Worker._drain_stderr_bounded

    def drain(worker: Any, *arguments: Any, **options: Any) -> str:
        process = worker._proc
        if process is None:  # the worker failed, and its pipe is gone
            return str(wait_and_drain(worker, *arguments, **options))
        return "\n".join(drain_pipe(process.stderr, worker._drain_stderr))

    runtime.Worker._drain_stderr_bounded = drain


def drain_pipe(pipe: Any, take: Callable[[], str]) -> list[str]:
    """Collect what another thread reads from a pipe, until the pipe is empty and nothing more comes."""
    until = time.monotonic() + LONGEST_SECONDS
    parts: list[str] = []
    while True:
        is_empty = unread_bytes(pipe) == 0
        time.sleep(PASSING_SECONDS)
        part = take()
        if part:
            parts.append(part)
        elif is_empty:
            return parts
        if time.monotonic() > until:
            return parts


def unread_bytes(pipe: Any) -> int:
    """Return the number of unread bytes in a pipe."""
    answer = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0\0\0\0")
    (number,) = struct.unpack("i", answer)
    return int(number)
