"""The apps in `examples`, as their users start them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from local import bootstrap
from tools import client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EXAMPLES = client.ROOT / "examples"
CODE = {".ts", ".tsx", ".css", ".html", ".py"}
MAX_OWN_LINES = 150
MAX_README_LINES = 25
READY_SECONDS = 120
STOPPED_SECONDS = 10


class NodeExample:
    """An example with npm packages, from its lock, that uses the client built beside it."""

    def __init__(self, name: str) -> None:
        self.folder = EXAMPLES / name
        environment = client.ROOT / bootstrap.ENVIRONMENTS[name].folder
        assert bootstrap.main(["client", name], root=client.ROOT) == 0
        client.build()
        client.link_modules(self.folder, environment)
        self._node = str(bootstrap.node_of(environment))

    def command(self, *arguments: str) -> list[str]:
        """The command that runs a script of the example, or of its packages, with Node."""
        return [self._node, *arguments]

    def run(self, *arguments: str, **variables: str) -> str:
        """Run a script to its end and return what it prints; fail the test with that if it fails."""
        process = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=os.environ | {"NO_COLOR": "1"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode != 0:
            pytest.fail(process.stdout + process.stderr, pytrace=False)
        return process.stdout


@contextmanager
def serving(
    command: Sequence[str], *, folder: Path, address: str, output: Path, **variables: str
) -> Iterator[str]:
    """Run the server of an example and wait until it answers; fail with what it printed if it does not."""
    with output.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | variables,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready(address):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(output.read_text(), pytrace=False)
            time.sleep(0.05)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # with its own children, such as those of Next
        process.wait(STOPPED_SECONDS)


def is_ready(address: str) -> bool:
    """Whether a server answers with a page."""
    try:
        return httpx.get(address, timeout=READY_SECONDS).is_success
    except httpx.TransportError:
        return False


def own_lines(folder: Path) -> int:
    """The lines of an example that somebody wrote: code, pages and styles, without the settings of tools."""
    sources = [
        path
        for top in folder.iterdir()
        if top.name not in {"node_modules", "dist", ".next", "next-env.d.ts", "__pycache__", ".venv"}
        for path in (top.rglob("*") if top.is_dir() else [top])
        if path.suffix in CODE and not path.name.endswith(".config.ts")
    ]
    return sum(bool(line.strip()) for path in sources for line in path.read_text().splitlines())
