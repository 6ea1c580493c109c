"""Whether the cost of one image or page grows with how many there are.

Calls and read units are counted. Of CPU time and memory only the ratio between many and few is judged. What is only
read is measured at all sizes in turn, several times; of what is gone afterwards the smaller size is measured before
and after the larger. So a machine that slows down slows both. Memory is the peak of
the whole process, as Lambda counts it; to keep two kilobytes of every image would already break its bar.

What is only read is measured with a hundred thousand images at once. Deletion and cleanup are measured with ten
thousand, and with a hundred thousand where the variable MOST_DELETED says so: that takes longer than all the rest.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import median

from tests.benchmarks.growth_contents import Contents
from tests.benchmarks.growth_operations import OPERATIONS, Operation
from tests.benchmarks.measurement import Measurement

_GROWTH = 1.3
_ROUNDS = 5
_MOST_DELETED = 10_000

type _Cost = dict[str, float]
type _Folders = tuple[Path, Path]
"""What holds one image, and what holds all."""
type _Child = "subprocess.Popen[str]"


def measure(build: Path) -> Iterator[Measurement]:
    """Measure each operation at all sizes of what it works on."""
    most_deleted = int(os.environ.get("MOST_DELETED") or _MOST_DELETED)
    of_contents: dict[Contents, list[str]] = {}
    for name, operation in OPERATIONS.items():
        of_contents.setdefault(operation.contents, []).append(name)
    for contents, names in of_contents.items():
        sizes = [size for size in contents.sizes if contents.lasts or size <= most_deleted]
        in_order = _in_turn if contents.lasts else _one_by_one
        rounds = in_order(build / "growth", names, contents, sizes)
        for name, done in groupby(rounds, key=itemgetter(0)):
            costs: dict[int, list[_Cost]] = {size: [] for size in sizes}
            for _, size, cost in done:
                costs[size].append(cost)
            yield from _judged(name, OPERATIONS[name], costs)


def _in_turn(
    folder: Path, names: Sequence[str], contents: Contents, sizes: Sequence[int]
) -> Iterator[tuple[str, int, _Cost]]:
    """What operations cost that leave everything as it was."""
    with ExitStack() as stack:
        folders = {size: stack.enter_context(_held(folder / str(size), contents, size)) for size in sizes}
        for name in names:
            with ExitStack() as children:
                of_size = {size: children.enter_context(_child(name, folders[size])) for size in sizes}
                for _ in range(_ROUNDS):
                    for size in sizes:
                        yield name, size, _cost(name, of_size[size], size)


def _one_by_one(
    folder: Path, names: Sequence[str], contents: Contents, sizes: Sequence[int]
) -> Iterator[tuple[str, int, _Cost]]:
    """What operations cost each of which needs images of its own."""
    few, *larger = sizes
    for name in names:
        for size in [few, *(size for many in larger for size in (many, few))]:
            with _held(folder / str(size), contents, size) as folders, _child(name, folders) as child:
                yield name, size, _cost(name, child, size)


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
def _held(folder: Path, contents: Contents, images: int) -> Iterator[_Folders]:
    """One image, and so many; they are made for what is measured, and gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folders = folder / "one", folder / "all"
    try:
        for each, count in zip(folders, (1, images), strict=True):
            each.mkdir(parents=True)
            contents.fill(each, range(count))
        yield folders
    finally:
        shutil.rmtree(folder)


@contextmanager
def _child(name: str, folders: _Folders) -> Iterator[_Child]:
    """A process that has done an operation on one image, and is ready to do it on all."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.growth_child", name, *map(str, folders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child


def _cost(name: str, child: _Child, images: int) -> _Cost:
    """What it costs to do an operation once more."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("go on\n")
    child.stdin.flush()
    cost: _Cost = json.loads(child.stdout.readline())
    expected = images if OPERATIONS[name].unit == "image" else 0
    if cost["units"] < expected:
        raise RuntimeError(f"{name} did {cost['units']} {OPERATIONS[name].unit}s of {images} images.")
    if cost["units"] == 0:
        raise RuntimeError(f"{name} did nothing with {images} images.")
    return cost
