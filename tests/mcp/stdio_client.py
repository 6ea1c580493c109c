"""`image-store mcp` in a process of its own, and the other end of its streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60
PACKAGES = os.pathsep.join(str(ROOT / folder) for folder in ("cli", "clients/python", "clients/mcp"))
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


def environment_of(home: Path, **variables: str) -> dict[str, str]:
    """The environment of somebody who has nothing but these variables."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("IMAGE_STORE")}
    return others | {
        "PYTHONPATH": PACKAGES,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        **variables,
    }


class StdioClient:
    """Starts the server, and ends it with its block."""

    def __init__(self, environment: dict[str, str], *options: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "image_store_cli", *options],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._number = 0
        self.longest_bytes = 0
        """Of the lines that were read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            with suppress(OSError):
                stream.close()

    def write(self, *lines: bytes) -> None:
        """Send lines as they are."""
        assert self.process.stdin
        self.process.stdin.write(b"".join(line + b"\n" for line in lines))
        self.process.stdin.flush()

    def send(self, method: str, params: dict[str, Any] | None = None, *, identifier: object = None) -> None:
        """Send a request, or without an identifier a notification."""
        message = {"jsonrpc": "2.0", "method": method}
        more = {} if params is None else {"params": params}
        numbered = {} if identifier is None else {"id": identifier}
        self.write(json.dumps(message | more | numbered).encode())

    def read(self) -> dict[str, Any]:
        """The next message of the server."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        self.longest_bytes = max(self.longest_bytes, len(line))
        message: dict[str, Any] = json.loads(line)
        return message

    def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of a request; nothing else may come before it."""
        self._number += 1
        self.send(method, params, identifier=self._number)
        answer = self.read()
        assert answer["id"] == self._number, answer
        result: dict[str, Any] = answer["result"]
        return result

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool."""
        return self.request("tools/call", {"name": name, "arguments": arguments})

    def begin(self) -> dict[str, Any]:
        """Open the connection as clients of 2025-11-25 do."""
        result = self.request("initialize", INITIALIZE)
        self.send("notifications/initialized")
        return result

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        """Close the input; the exit code, the messages that were left, and stderr."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()
