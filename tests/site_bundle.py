"""The site function as it is built: its handler with the bundled console."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "functions/site/console"
ROLLUP = ROOT / ".venv-console/bin/rollup"
_folders: list[tempfile.TemporaryDirectory[str]] = []


@cache
def built_site() -> Path:
    """Build the function once, as SAM does, into a folder that ends with this process."""
    folder = tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True)
    _folders.append(folder)  # Forgotten, it would be removed at once.
    build_site(Path(folder.name))
    return Path(folder.name)


def build_site(folder: Path) -> None:
    """Run the makefile of the function on its sources."""
    variables = {
        "ARTIFACTS_DIR": folder,
        "PYTHON": sys.executable,
        "ROLLUP": ROLLUP,
    }
    command = [
        "make",
        "--silent",
        "build-SiteFunction",
        *(f"{name}={value}" for name, value in variables.items()),
    ]
    subprocess.run(command, cwd=ROOT / "functions/site", check=True, capture_output=True, text=True)
