"""Whether a run of the backup costs more for each image, or needs more memory, the more images there are.

The services are the real ones. The table and the buckets make up what they are asked for and keep next to nothing, so
that the memory is that of the run. A full pass writes every image; a run after it backs up a tenth of them as changed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measurement import Measurement

SIZES = (1_000, 10_000, 100_000)
GROWTH = 1.1
MEMORY_GROWTH = 1.3
MOST_CALLS = 4.1
"""For each image of a full pass: HEAD, GET and PUT of its original, and a share of the scan and of the files."""


def measure(_: Path) -> Iterator[Measurement]:
    """Measure a full pass and a run after changes at all sizes."""
    costs = {size: _cost(size) for size in SIZES}
    few, many, most = (costs[size] for size in SIZES)
    for run in ("full", "changes"):
        calls = {size: costs[size][f"{run}_calls"] / costs[size][f"{run}_images"] for size in SIZES}
        detail = ", ".join(f"{size:,}: {value:.3f}" for size, value in calls.items())
        yield Measurement(f"backup_{run}_calls", calls[SIZES[-1]], "an image", MOST_CALLS, detail)
        yield Measurement(f"backup_{run}_calls_growth", calls[SIZES[-1]] / calls[SIZES[0]], "×", GROWTH)
    memory = f"{few['memory_mb']:.0f}, {many['memory_mb']:.0f} and {most['memory_mb']:.0f} MB above the start"
    yield Measurement(
        "backup_memory_growth", most["memory_mb"] / many["memory_mb"], "×", MEMORY_GROWTH, memory
    )
    yield Measurement(
        "backup_cpu", 1_000 * most["full_seconds"] / most["full_images"], "ms/image", 2.0, "of a full pass"
    )


def _cost(size: int) -> dict[str, float]:
    """What a backup of so many images costs, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.backup_child", str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cost: dict[str, float] = json.loads(done.stdout)
    return cost
