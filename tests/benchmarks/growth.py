"""Whether the cost of one image or page grows with how many there are.

Calls and read units are counted. Of CPU time and memory only the ratio between many and few is judged: the smaller
size is measured before and after the larger, so that a machine that slows down slows both. Memory is the peak of the
whole process, as Lambda counts it; to keep two kilobytes of every image would already break its bar.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from tests.benchmarks.growth_operations import OPERATIONS, Operation, fill
from tests.benchmarks.measurement import Measurement

_FEW, _MANY = 1_000, 10_000
_GROWTH = 1.3

type _Cost = dict[str, float]


def measure(build: Path) -> Iterator[Measurement]:
    """Measure each operation at both sizes."""
    for name, make in OPERATIONS.items():
        operation = make()
        few, many, few_again = (
            _run(build / "growth", name, operation, images) for images in (_FEW, _MANY, _FEW)
        )
        for images, cost in ((_FEW, few), (_MANY, many)):
            detail = f"{cost[operation.counted]:.0f} for {cost['units']:.0f} {operation.unit}s"
            unit = f"{operation.counted}/{operation.unit}"
            counted = cost[operation.counted] / cost["units"]
            yield Measurement(f"growth_{name}_{images}", counted, unit, operation.bar, detail)
        few_ms, many_ms = mean(map(_cpu_ms, (few, few_again))), _cpu_ms(many)
        detail = f"CPU: {few_ms:.2f} and {many_ms:.2f} ms/{operation.unit}"
        yield Measurement(f"growth_{name}_time", many_ms / few_ms, "×", _GROWTH, detail)
        detail = ", ".join(
            f"{cost['peak_mb']:.1f} MB ({cost['peak_mb'] - cost['warm_mb']:.1f} of them for this)"
            for cost in (few, many)
        )
        yield Measurement(
            f"growth_{name}_memory", many["peak_mb"] / few["peak_mb"], "×", _GROWTH, f"peak: {detail}"
        )


def _run(folder: Path, name: str, operation: Operation, images: int) -> _Cost:
    """What an operation costs on so many images, which are made for it and gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        fill(folder, operation, range(1))
        command = [sys.executable, "-m", "tests.benchmarks.growth_child", name, str(folder)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            fill(folder, operation, range(1, images))
            answer, _ = child.communicate("go on\n")
    finally:
        shutil.rmtree(folder)
    cost: _Cost = json.loads(answer)
    expected = images - 1 if operation.unit == "image" else 1
    if cost["units"] < expected:
        raise RuntimeError(f"{name} did {cost['units']} {operation.unit}s of {images} images.")
    return cost


def _cpu_ms(cost: _Cost) -> float:
    return cost["cpu_ms"] / cost["units"]
