"""Whether the cost of one image or page grows with how many there are.

Calls and read units are counted. Of CPU time and memory only the ratio between many and few is judged. What is only
read is measured at all sizes in turn, several times; of what is gone afterwards the smaller size is measured before
and after the larger. So a machine that slows down slows both. Memory is the peak of
the whole process, as Lambda counts it; to keep two kilobytes of every image would already break its bar.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.benchmarks.growth_contents import Contents
from tests.benchmarks.growth_operations import OPERATIONS, Operation
from tests.benchmarks.measurement import Measurement

_GROWTH = 1.3
_ROUNDS = 5

type _Cost = dict[str, float]
type _Children = Mapping[str, "subprocess.Popen[str]"]
"""A process for each operation."""


def measure(build: Path) -> Iterator[Measurement]:
    """Measure each operation at all sizes of what it works on."""
    of_contents: dict[Contents, list[str]] = {}
    for name, operation in OPERATIONS.items():
        of_contents.setdefault(operation.contents, []).append(name)
    for contents, names in of_contents.items():
        rounds = list((_in_turn if contents.lasts else _one_by_one)(build / "growth", names, contents))
        for name in names:
            costs = {
                size: [cost for done, made, cost in rounds if (done, made) == (name, size)]
                for size in contents.sizes
            }
            yield from _judged(name, OPERATIONS[name], costs)


def _in_turn(folder: Path, names: Sequence[str], contents: Contents) -> Iterator[tuple[str, int, _Cost]]:
    """What operations cost that leave everything as it was."""
    with ExitStack() as stack:
        children = {
            size: stack.enter_context(_held(folder / str(size), names, contents, size))
            for size in contents.sizes
        }
        for name in names:
            for _ in range(_ROUNDS):
                for size in contents.sizes:
                    yield name, size, _cost(name, children[size], size)


def _one_by_one(folder: Path, names: Sequence[str], contents: Contents) -> Iterator[tuple[str, int, _Cost]]:
    """What operations cost each of which needs images of its own."""
    few, *larger = contents.sizes
    for name in names:
        for size in [few, *(size for many in larger for size in (many, few))]:
            with _held(folder / str(size), [name], contents, size) as children:
                yield name, size, _cost(name, children, size)


def _judged(name: str, operation: Operation, costs: Mapping[int, Sequence[_Cost]]) -> Iterator[Measurement]:
    """What an operation cost at each size, the fewest first."""
    bar = operation.bar
    for images, (cost, *_) in costs.items():
        detail = f"{cost[operation.counted]:.0f} for {cost['units']:.5g} {operation.unit}s"
        counted = cost[operation.counted] / cost["units"]
        yield Measurement(
            f"growth_{name}_{images}", counted, f"{operation.counted}/{operation.unit}", bar, detail
        )
        bar = min(bar, _GROWTH * counted)
    cpu_ms = [median(cost["cpu_ms"] / cost["units"] for cost in rounds) for rounds in costs.values()]
    detail = f"CPU: {', '.join(f'{each:.2f}' for each in cpu_ms)} ms/{operation.unit}"
    yield Measurement(f"growth_{name}_time", _growth(cpu_ms), "×", _GROWTH, detail)
    peaks_mb = [cost["peak_mb"] for cost, *_ in costs.values()]
    detail = ", ".join(
        f"{cost['peak_mb']:.1f} MB ({cost['peak_mb'] - cost['warm_mb']:.1f} of them for this)"
        for cost, *_ in costs.values()
    )
    yield Measurement(f"growth_{name}_memory", _growth(peaks_mb), "×", _GROWTH, f"peak: {detail}")


def _growth(costs: Sequence[float]) -> float:
    """The most by which the cost at any larger size exceeds that at the first."""
    few, *larger = costs
    return max(larger) / few


@contextmanager
def _held(folder: Path, names: Sequence[str], contents: Contents, images: int) -> Iterator[_Children]:
    """Processes that do operations on so many images, which are made for them and gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
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
            yield children
    finally:
        shutil.rmtree(folder)


def _cost(name: str, children: _Children, images: int) -> _Cost:
    """What it costs to do an operation once more."""
    child = children[name]
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("go on\n")
    child.stdin.flush()
    cost: _Cost = json.loads(child.stdout.readline())
    expected = images - 1 if OPERATIONS[name].unit == "image" else 1
    if cost["units"] < expected:
        raise RuntimeError(f"{name} did {cost['units']} {OPERATIONS[name].unit}s of {images} images.")
    return cost
