"""Clients in JavaScript that others wrote: their packages, and scripts of `tests/ai_clients` that use them."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import bootstrap

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests/ai_clients"
SECONDS = 120


@cache
def packages() -> Path:
    """The folder of the packages; their environment is made where it is not there yet."""
    assert bootstrap.main(["ai_clients"], root=ROOT) == 0
    return ROOT / bootstrap.ENVIRONMENTS["ai_clients"].folder / "packages"


def run_node(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the Node.js of the environment beside the packages."""
    return subprocess.run(
        [bootstrap.node_of(packages().parent), *arguments],
        cwd=packages(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, **(environment or {}), "NO_COLOR": "1"},
    )


def run_script(
    name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """What a script prints, a JSON object a line, by the name in each."""
    script = packages() / name
    script.write_bytes((SCRIPTS / name).read_bytes())  # it finds the packages beside it
    done = run_node(str(script), *arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return {each.pop("name"): each for each in map(json.loads, done.stdout.splitlines())}
