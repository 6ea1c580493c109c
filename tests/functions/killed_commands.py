"""Runs `image-store` once for each line of stdin, each time in a process of its own that a SIGKILL may end.

A line is JSON: the words of the command; at which change of a file below a folder it kills itself, before the change
is made (0 for never); and how many bytes a file may have (0 for no limit). After each command a line says how it ended.
It is run as a script: `killed_commands.py PID_FILE`.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from image_store_cli.main import main

CHANGES = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.chmod"}


def kill_at(number: int, folder: str) -> None:
    """Let this process end at the change of a file of that number."""
    numbers = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            is_change = isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        else:
            is_change = event in CHANGES
        if is_change and str(arguments[0]).startswith(folder) and next(numbers) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def run(pid_file: Path, line: str) -> int:
    """Run a command in a process of its own, and return how it ended; negative for a signal."""
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        pid_file.write_text(str(os.getpid()))
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the rest of this process
        sys.stderr = sys.stdout
        if order["kill_at"]:
            kill_at(order["kill_at"], order["folder"])
        if order["most_bytes"]:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"], order["most_bytes"]))
        os._exit(main(order["words"]))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    for each in sys.stdin:
        sys.stdout.write(f"{run(Path(sys.argv[1]), each)}\n")
        sys.stdout.flush()
