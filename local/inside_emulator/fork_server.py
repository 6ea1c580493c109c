"""Runs as a process of its own, on the handlers' Python: imports a layer's packages once, and forks for each worker.

A cold start imports botocore and pydantic, which takes 200 ms of CPU time, and a stack starts 40 functions. A fork has
them already. It takes over the environment, the folder and the three streams of its worker, and runs its script. Only
packages are imported here: no code of a function, and nothing of the store, which reads the environment.

Called with the number of a socket and the folder of packages. Each message on the socket is one worker: JSON, and its
streams as descriptors. The response is the worker's process id. The process ends when the socket's other end is closed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
from contextlib import suppress
from typing import Any

LONGEST_MESSAGE_BYTES = 1024 * 1024
STREAMS = 3
PACKAGES = (
    "boto3.session",
    "botocore.handlers",
    "botocore.client",
    "botocore.httpsession",
    "pydantic",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
)


def main() -> None:
    """Fork workers until the socket closes; in each fork, run the worker."""
    control, folder = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
    import_packages(folder)
    worker = serve(control)
    if worker is not None:
        run(worker)


def import_packages(folder: str) -> None:
    """Import what functions use of a folder, which is on the path only meanwhile; what it lacks is skipped."""
    environment = dict(os.environ)
    sys.path.insert(0, folder)
    for name in PACKAGES:
        with suppress(ImportError):
            importlib.import_module(name)
    sys.path.remove(folder)
    os.environ.clear()
    os.environ.update(environment)
    gc.freeze()  # forks share memory that nobody touches


def serve(control: socket.socket) -> dict[str, Any] | None:
    """Fork for each message; return the message in the fork, and None at the end.

    A fork begins when its id was sent. If this process is killed before, the fork ends, and nobody else knows of it.
    """
    while True:
        message, streams, _, _ = socket.recv_fds(control, LONGEST_MESSAGE_BYTES, STREAMS)
        if not message:
            return None
        go_read, go_write = os.pipe()
        pid = fork_orphan()
        if pid is None:
            control.close()
            os.close(go_write)
            if not os.read(go_read, 1):
                os._exit(1)
            os.close(go_read)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            worker: dict[str, Any] = json.loads(message)
            return worker
        for descriptor in (go_read, *streams):
            os.close(descriptor)
        control.send(str(pid).encode())
        with suppress(BrokenPipeError):  # the worker was killed
            os.write(go_write, b"go")
        os.close(go_write)


def fork_orphan() -> int | None:
    """Fork a process whose parent ends at once; return its id, and None in the process itself.

    The system gives an orphan to the emulator, which then waits for it and kills it as a process that it started.
    """
    ids_read, ids_write = os.pipe()
    between = os.fork()
    if between == 0:
        worker = os.fork()
        if worker:
            os.write(ids_write, str(worker).encode())
            os._exit(0)
        os.close(ids_read)
        os.close(ids_write)
        return None
    os.waitpid(between, 0)
    pid = int(os.read(ids_read, 32))
    os.close(ids_read)
    os.close(ids_write)
    return pid


def run(worker: dict[str, Any]) -> None:
    """Run a worker's script as Python would if it had just started."""
    os.environ.clear()
    os.environ.update(worker["environment"])
    os.chdir(worker["folder"])
    script = worker["script"]
    sys.argv = [script]
    sys.path.insert(0, os.path.dirname(script))
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
