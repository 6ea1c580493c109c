"""How many bytes the TypeScript client adds to an app: its entries, bundled and minified as an app does, after gzip.

What an entry loads lazily is not counted, nor React. The React entry counts beyond the core, which every app has.
"""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypedDict

from local import bootstrap
from tests.benchmarks.measurement import Measurement
from tools import client

SCRIPT = client.PACKAGE / "tests/packaging/bundle.mjs"
KB = 1000
ENTRIES = {
    "core": "index",
    "react": "index,react/index",
    "next": "next/index",
    "tokens": "upload-tokens/index",
    "batches": "batches/index",
    "groups": "groups/index",
    "webhooks": "webhooks/index",
}
CORE_BAR_KB = 8
REACT_BAR_KB = 4


class Bundle(TypedDict):
    """An entry in an app: its bytes after gzip, and the modules that the app must have beside it."""

    bytes: int
    outside: list[str]


def measure(build: Path) -> Iterator[Measurement]:
    """Measure the built client; `build` is not used, because the client builds into its own folder."""
    bundles = bundled()
    core = bundles["core"]["bytes"] / KB
    yield Measurement("client_core_kb", round(core, 2), "kB", CORE_BAR_KB)
    beyond = bundles["react"]["bytes"] / KB - core
    yield Measurement("client_react_kb", round(beyond, 2), "kB", REACT_BAR_KB, "beyond the core")


def modules_outside_of_bundles() -> set[str]:
    """The modules that a bundle of the client imports and does not hold."""
    return {module for bundle in bundled().values() for module in bundle["outside"]}


@cache
def bundled() -> dict[str, Bundle]:
    """Build the client and bundle its entries."""
    assert bootstrap.main(["client"], root=client.ROOT) == 0
    client.build()
    entries = [f"{name}={files}" for name, files in ENTRIES.items()]
    command = [str(bootstrap.node_of(client.ENVIRONMENT)), str(SCRIPT), *entries]
    process = subprocess.run(command, cwd=client.PACKAGE, capture_output=True, text=True, check=True)
    bundles: dict[str, Bundle] = json.loads(process.stdout)
    return bundles
