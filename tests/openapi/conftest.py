"""The Node.js of the tests, with the linters and generators that they run on it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import bootstrap

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120


@dataclass(frozen=True)
class Node:
    """A Node.js with the packages of `package-lock.json`."""

    program: Path
    packages: Path

    def run(self, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a script in a folder; what it says is in the answer."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env=os.environ
            | {
                "REDOCLY_TELEMETRY": "off",
                "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
                "NO_COLOR": "1",
                "CI": "true",
            },
        )

    def package(self, script: str) -> Path:
        """A script of a package."""
        return self.packages / script


@pytest.fixture(scope="session")
def node() -> Node:
    """The Node.js of the tests; installed from its lock where it is not there yet."""
    assert bootstrap.main(["node"], root=ROOT) == 0
    folder = ROOT / bootstrap.ENVIRONMENTS["node"].folder
    return Node(bootstrap.node_of(folder), folder / "packages/node_modules")
