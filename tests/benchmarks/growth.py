"""Whether the cost of one image or page grows with how many there are.

Calls and read units are counted. Of CPU time and memory only the ratio between many and few is judged: the smallest
size is measured before and after each larger one, so that a machine that slows down slows all. Memory is the peak of
the whole process, as Lambda counts it; to keep two kilobytes of every image would already break its bar.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import mean

from tests.benchmarks.growth_contents import Contents
from tests.benchmarks.growth_operations import OPERATIONS, Operation
from tests.benchmarks.measurement import Measurement

_GROWTH = 1.3

type _Cost = dict[str, float]


def measure(build: Path) -> Iterator[Measurement]:
    """Measure each operation at all sizes of what it works on."""
    of_contents: dict[Contents, list[str]] = {}
    for name, operation in OPERATIONS.items():
        of_contents.setdefault(operation.contents, []).append(name)
    for contents, names in of_contents.items():
        few, *larger = contents.sizes
        sizes = [few, *(size for many in larger for size in (many, few))]
        runs = [(size, _run(build / "growth", names, contents, size)) for size in sizes]
        for name in names:
            costs = {size: [run[name] for made, run in runs if made == size] for size in contents.sizes}
            yield from _judged(name, OPERATIONS[name], costs)


def _judged(name: str, operation: Operation, costs: dict[int, list[_Cost]]) -> Iterator[Measurement]:
    """What an operation cost at each size, the fewest first."""
    bar = operation.bar
    for images, (cost, *_) in costs.items():
        detail = f"{cost[operation.counted]:.0f} for {cost['units']:.5g} {operation.unit}s"
        counted = cost[operation.counted] / cost["units"]
        yield Measurement(
            f"growth_{name}_{images}", counted, f"{operation.counted}/{operation.unit}", bar, detail
        )
        bar = min(bar, _GROWTH * counted)
    cpu_ms = [mean(cost["cpu_ms"] / cost["units"] for cost in runs) for runs in costs.values()]
    told = ", ".join(f"{each:.2f}" for each in cpu_ms)
    detail = f"CPU: {told} ms/{operation.unit}"
    yield Measurement(f"growth_{name}_time", _growth(cpu_ms), "×", _GROWTH, detail)
    peaks_mb = [mean(cost["peak_mb"] for cost in runs) for runs in costs.values()]
    detail = ", ".join(
        f"{cost['peak_mb']:.1f} MB ({cost['peak_mb'] - cost['warm_mb']:.1f} of them for this)"
        for cost, *_ in costs.values()
    )
    yield Measurement(f"growth_{name}_memory", _growth(peaks_mb), "×", _GROWTH, f"peak: {detail}")


def _growth(costs: Sequence[float]) -> float:
    """The most by which the cost at any larger size exceeds the first."""
    few, *larger = costs
    return max(larger) / few


def _run(folder: Path, names: Sequence[str], contents: Contents, images: int) -> dict[str, _Cost]:
    """What operations cost one after another on so many images, which are made for them and gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    costs: dict[str, _Cost] = {}
    try:
        contents.fill(folder, range(1))
        with ExitStack() as stack:
            children = {
                name: stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.benchmarks.growth_child", name, str(folder)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                        env=environment,
                    )
                )
                for name in names
            }
            for child in children.values():
                assert child.stdout is not None
                child.stdout.readline()
            contents.fill(folder, range(1, images))
            for name, child in children.items():
                answer, _ = child.communicate("go on\n")
                costs[name] = json.loads(answer)
    finally:
        shutil.rmtree(folder)
    for name, cost in costs.items():
        expected = images - 1 if OPERATIONS[name].unit == "image" else 1
        if cost["units"] < expected:
            raise RuntimeError(f"{name} did {cost['units']} {OPERATIONS[name].unit}s of {images} images.")
    return costs
