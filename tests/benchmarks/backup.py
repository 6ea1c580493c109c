"""Whether a backup or a restore costs more for each image, or needs more memory, the more images there are.

The services are the real ones. The table and the buckets make up what they are asked for and keep next to nothing, so
that the memory is that of the run. A full pass writes every image; a run after it backs up a tenth of them as changed.
Then all of it is restored into an empty table and an empty bucket.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks.measurement import Measurement

SIZES = (1_000, 10_000, 100_000)
GROWTH = 1.1
MEMORY_GROWTH = 1.3
MOST_CALLS = 4.1
"""For each image of a full pass: HEAD, GET and PUT of its original, and a share of the scan and of the files."""
MOST_RESTORE_CALLS = 7.25
"""For each image: HEAD, GET and PUT of its original, two for its record, HEAD of its two renditions, and a share of the
pages and of the messages of the queue."""
MOST_RESTORE_MB = 30.0
"""A file of lines has at most 8 MB; the rest are the images of a page, and the names of what has changed."""


def measure(_: Path) -> Iterator[Measurement]:
    """Measure a full pass and a run after changes at all sizes."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = {size: Path(scratch) / str(size) for size in SIZES}
        costs = {size: _cost("backup_child", str(size), str(folders[size])) for size in SIZES}
        restores = {size: _cost("restore_child", str(folders[size])) for size in SIZES}
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
    yield from _restored(restores)


def _restored(costs: Mapping[int, Mapping[str, float]]) -> Iterator[Measurement]:
    calls = {size: cost["calls"] / cost["images"] for size, cost in costs.items()}
    detail = ", ".join(f"{size:,}: {value:.3f}" for size, value in calls.items())
    yield Measurement("restore_calls", calls[SIZES[-1]], "an image", MOST_RESTORE_CALLS, detail)
    yield Measurement("restore_calls_growth", calls[SIZES[-1]] / calls[SIZES[0]], "×", GROWTH)
    memory = {size: cost["memory_mb"] for size, cost in costs.items()}
    detail = ", ".join(f"{size:,}: {value:.0f}" for size, value in memory.items())
    yield Measurement(
        "restore_memory", max(memory.values()), "MB", MOST_RESTORE_MB, f"{detail} above the start"
    )
    yield Measurement(
        "restore_memory_growth",
        memory[SIZES[-1]] / memory[SIZES[1]],
        "×",
        MEMORY_GROWTH,
        "from 10,000 to 100,000",
    )
    most = costs[SIZES[-1]]
    detail = f"in {most['steps']:.0f} steps"
    yield Measurement("restore_cpu", 1_000 * most["seconds"] / most["images"], "ms/image", 4.0, detail)


def _cost(child: str, *words: str) -> dict[str, float]:
    """What a backup or a restore costs, in a process of its own."""
    command = [sys.executable, "-m", f"tests.benchmarks.{child}", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cost: dict[str, float] = json.loads(done.stdout)
    return cost
