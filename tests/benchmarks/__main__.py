"""Run the benchmarks: `python -m tests.benchmarks [images …]`, or the names in the variable ONLY.

Prints a table and writes `build/bench.json`. A missed bar is no failure: on a busy machine ratios vary by some
percent, and whoever reads the table judges.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
sys.path[:0] = [
    str(ROOT / "layers" / "shared"),
    str(ROOT / "cli"),
    str(ROOT / "clients" / "python"),
    str(ROOT / "clients" / "mcp"),
]

from tests.benchmarks import (  # noqa: E402 - needs the path above
    authorizing,
    backup,
    browser_upload,
    clients,
    cold,
    console,
    events,
    generation,
    growth,
    images,
    importing,
    mcp,
    openai,
    reserving,
    scale,
    uploads,
    warm,
)
from tests.benchmarks.measurement import Measurement, print_table, write_json  # noqa: E402

BENCHMARKS: dict[str, Callable[[Path], Iterator[Measurement]]] = {
    "images": images.measure,
    "cold": cold.measure,
    "authorizing": authorizing.measure,
    "warm": warm.measure,
    "growth": growth.measure,
    "backup": backup.measure,
    "events": events.measure,
    "generation": generation.measure,
    "reserving": reserving.measure,
    "scale": scale.measure,
    "uploads": uploads.measure,
    "browser_upload": browser_upload.measure,
    "console": console.measure,
    "clients": clients.measure,
    "mcp": mcp.measure,
    "openai": openai.measure,
    "import": importing.measure,
}


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; answer a process exit code."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(
            f"error: no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.",
            file=sys.stderr,
        )
        return 2
    measurements: list[Measurement] = []
    for name in names or BENCHMARKS:
        print(f"{name}:", flush=True)
        measured = list(BENCHMARKS[name](BUILD))
        print_table(measured)
        measurements += measured
    write_json(measurements, BUILD / "bench.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or os.environ.get("ONLY", "").split()))
