"""What a benchmark answers, and how two ways of doing the same work are compared."""

import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure of PERFORMANCE.md; `bar` is the most it may be, or the least; `detail` is for people."""

    name: str
    value: float
    unit: str
    bar: float
    detail: str = ""
    at_least: bool = False
    """Whether more is better."""

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bar."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar


@dataclass(frozen=True, slots=True)
class Comparison:
    """CPU time of two ways in milliseconds, and the median of their ratios pair by pair."""

    ratio: float
    ours_ms: float
    theirs_ms: float


def compare(ours: Callable[[], float], theirs: Callable[[], float], *, pairs: int) -> Comparison:
    """Run two ways of the same work in turn; each call answers its own CPU time in milliseconds.

    One run of each warms up. Ratios are taken within a pair, so that a machine that slows down slows both.
    """
    ours()
    theirs()
    ours_ms, theirs_ms = [], []
    for index in range(pairs):
        if index % 2:
            theirs_ms.append(theirs())
            ours_ms.append(ours())
        else:
            ours_ms.append(ours())
            theirs_ms.append(theirs())
    ratios = [a / b for a, b in zip(ours_ms, theirs_ms, strict=True)]
    return Comparison(statistics.median(ratios), statistics.median(ours_ms), statistics.median(theirs_ms))


def cpu_ms(work: Callable[[], object]) -> float:
    """The CPU time of this process, all threads, that `work` takes."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def median_cpu_ms(work: Callable[[], object], *, runs: int) -> float:
    """The median CPU time of several runs after one that warms up."""
    work()
    return statistics.median(cpu_ms(work) for _ in range(runs))


def children_cpu_ms(run_child: Callable[[], object]) -> float:
    """The CPU time of the child processes that `run_child` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_child()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds * 1000


def peak_mb() -> float:
    """The peak of this process's own memory; what getrusage tells would begin with the parent's."""
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def print_table(measurements: Sequence[Measurement]) -> None:
    """Print name, value, bar and whether it holds, one row each."""
    width = max((len(measurement.name) for measurement in measurements), default=0)
    for row in measurements:
        verdict = "holds" if row.holds else "MISSED"
        print(
            f"{row.name:{width}}  {row.value:8.3g} {row.unit:9} bar {row.bar:6.3g}  {verdict:6}  {row.detail}"
        )


def write_json(measurements: Sequence[Measurement], path: Path) -> None:
    """Write `{name, value, unit, bar, holds}` of each measurement."""
    rows = [
        {key: value for key, value in asdict(row).items() if key not in {"detail", "at_least"}}
        | {"holds": row.holds}
        for row in measurements
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
