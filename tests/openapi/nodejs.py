"""The Node.js of the tests, and the clients that generators make of the document."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local import bootstrap
from tools import openapi

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
SECONDS = 180


@dataclass(frozen=True)
class Node:
    """A Node.js with the packages of `package-lock.json`."""

    program: Path
    packages: Path

    def run(self, *arguments: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
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
            }
            | variables,
        )

    def package(self, script: str) -> Path:
        """A script of a package."""
        return self.packages / script


def installed_node() -> Node:
    """The Node.js of the tests; installed from its lock where it is not there yet."""
    assert bootstrap.main(["node"], root=ROOT) == 0
    folder = ROOT / bootstrap.ENVIRONMENTS["node"].folder
    return Node(bootstrap.node_of(folder), folder / "packages/node_modules")


def compile_clients(node: Node, folder: Path) -> str:
    """Generate both clients with the generators' own defaults, and compile them with what calls every route.

    What the compiler says is answered: nothing, when all types fit. The scripts are in `{folder}/built`.
    """
    (folder / "node_modules").symlink_to(node.packages)
    for source in [*HERE.glob("*.ts"), HERE / "tsconfig.json"]:
        shutil.copy(source, folder)
    commands: tuple[list[str | Path], ...] = (
        [node.package("openapi-typescript/bin/cli.js"), openapi.DOCUMENT, "-o", "schema.d.ts"],
        [node.package("@hey-api/openapi-ts/bin/run.js"), "-i", openapi.DOCUMENT, "-o", "sdk"],
    )
    for command in commands:
        process = node.run(*command, folder=folder)
        assert process.returncode == 0, process.stdout + process.stderr
    compiled = node.run(node.package("typescript/bin/tsc"), "--project", ".", folder=folder)
    assert (compiled.returncode == 0) == (compiled.stdout == ""), compiled.stderr
    return compiled.stdout
