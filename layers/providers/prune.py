"""Remove parts of the providers' SDKs that the store never loads, half of all files; run as ``python prune.py FOLDER``.

OpenAI's SDK loads these parts only on use, and so does Google's.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

GOOGLE = ("tests", "_gaos", "_interactions")
OPENAI = (
    "admin",
    "audio",
    "beta",
    "containers",
    "conversations",
    "evals",
    "fine_tuning",
    "live",
    "realtime",
    "safety",
    "skills",
    "uploads",
    "vector_stores",
    "webhooks",
)


def prune(packages: Path) -> None:
    """Prune both SDKs in a folder of installed packages."""
    for part in GOOGLE:
        shutil.rmtree(packages / "google/genai" / part, ignore_errors=True)
    for part in OPENAI:
        for kind in ("types", "resources"):
            shutil.rmtree(packages / "openai" / kind / part, ignore_errors=True)


if __name__ == "__main__":
    prune(Path(sys.argv[1]))
