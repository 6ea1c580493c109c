"""Start the workers of functions as forks of a process that has imported their packages; see `fork_server`.

Only on Linux, which can give orphans to this process. Elsewhere, and whenever a fork fails, workers start as usual.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPT = Path(__file__).with_name("fork_server.py")
WORKER = "_worker.py"
LAYERS = "_LAMBDA_LAYERS_DIRS"
"""The variable in which MiniStack names a worker's layers."""
PATIENCE_SECONDS = 60.0
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def fork_workers() -> None:
    """Let MiniStack start its Python workers as forks, where the system can."""
    if not adopt_orphans():
        return
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    servers = ForkServers()

    def start(arguments: Sequence[str], **options: Any) -> Worker:
        return Worker(arguments, servers=servers, **options)

    runtime.subprocess = SimpleNamespace(
        Popen=start, DEVNULL=subprocess.DEVNULL, PIPE=subprocess.PIPE, STDOUT=subprocess.STDOUT
    )


def adopt_orphans() -> bool:
    """Make this process the parent of its descendants' orphans; return whether the system can do that."""
    return sys.platform == "linux" and not ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class ForkServers:
    """The processes that fork workers, one for each folder of packages; safe for several threads."""

    def __init__(self) -> None:
        self.patience_seconds = PATIENCE_SECONDS
        self._lock = threading.Lock()
        self._servers: dict[str, ForkServer] = {}

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [server.pid for server in self._servers.values()]

    def close(self) -> None:
        """End them."""
        while self._servers:
            self._servers.popitem()[1].close()

    def fork(
        self, script: str, *, folder: str, environment: Mapping[str, str], streams: Sequence[int]
    ) -> int | None:
        """Fork a worker and return its process id; None if it has to start as usual."""
        packages = packages_of(environment)
        if packages is None:
            return None
        message = json.dumps({"script": script, "folder": folder, "environment": dict(environment)}).encode()
        with self._lock:
            server = self._servers.get(packages) or ForkServer(packages)
            self._servers[packages] = server
            try:
                return server.fork(message, streams, patience_seconds=self.patience_seconds)
            except OSError:
                del self._servers[packages]
                server.kill()
                return None


class ForkServer:
    """One process that forks workers."""

    def __init__(self, packages: str) -> None:
        self._control, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other_end:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(SCRIPT), str(other_end.fileno()), packages],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(other_end.fileno(),),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fork(self, message: bytes, streams: Sequence[int], *, patience_seconds: float) -> int:
        """Fork a worker and return its process id; OSError if that fails."""
        self._control.settimeout(patience_seconds)
        socket.send_fds(self._control, [message], list(streams))
        response = self._control.recv(32)
        if not response:
            raise ConnectionResetError
        return int(response)

    def close(self) -> None:
        """Let it end; its workers go on."""
        self._control.close()
        self._process.wait()

    def kill(self) -> None:
        """End it at once; workers that it has reported go on."""
        self._process.kill()
        self._process.wait()
        self._control.close()


class Worker(subprocess.Popen[str]):
    """A process of MiniStack's: forked if it is a worker in Python, and started as usual otherwise."""

    def __init__(self, arguments: Sequence[str], *, servers: ForkServers, **options: Any) -> None:
        self._fork_servers = servers
        super().__init__(arguments, **options)

    def _execute_child(self, args: Any, *rest: Any) -> None:
        """Do what the base class does with `fork` and `exec`; a test compares the parameters with Python's."""
        _, _, _, _, folder, environment, _, _, _, *pipes = rest
        stdin, _, _, stdout, _, stderr = pipes[:6]
        pid = None
        if len(args) == 2 and os.path.basename(args[1]) == WORKER and environment is not None:
            pid = self._fork_servers.fork(
                args[1], folder=os.fspath(folder), environment=environment, streams=(stdin, stdout, stderr)
            )
        if pid is None:
            super()._execute_child(args, *rest)  # type: ignore[misc]  # private in the base class
            return
        self.pid = pid
        self._child_created = True
        self._close_pipe_fds(*pipes[:6])  # type: ignore[attr-defined]  # as above


def packages_of(environment: Mapping[str, str]) -> str | None:
    """Return the folder of a worker's layers that has botocore, None without one.

    Workers have links to the folders; those of different functions lead to the same one.
    """
    for layer in filter(None, environment.get(LAYERS, "").split(os.pathsep)):
        folder = Path(layer, "python")
        if (folder / "botocore").is_dir():
            return str(folder.resolve())
    return None
