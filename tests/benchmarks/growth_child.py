"""One operation on what a folder holds, in a process of its own, whose memory is therefore only that.

Run as `python -m tests.benchmarks.growth_child OPERATION FEW MANY`. It does the operation once on what the folder FEW
holds, so that imports and clients are paid for, and prints a line; at each line that it reads it does it on what the
folder MANY holds, and prints its cost as JSON.
"""

import json
import sys
from pathlib import Path

from tests.benchmarks.growth_operations import OPERATIONS, Held, Operation
from tests.benchmarks.measurement import cpu_ms, peak_mb


def main(name: str, few: Path, many: Path) -> None:
    """Print units, calls, read units, CPU time and memory of each time after the first."""
    operation = OPERATIONS[name]
    store = Held(few)
    operation.run(store)
    store.move_to(many)
    warm_mb = peak_mb()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(_cost(operation, store) | {"warm_mb": warm_mb}), flush=True)


def _cost(operation: Operation, store: Held) -> dict[str, float]:
    calls, read_units, own_ms = len(store.functions.calls), store.table.read_units, store.own_ms
    units: list[float] = []
    spent_ms = cpu_ms(lambda: units.extend(operation.run(store) for _ in range(operation.again)))
    return {
        "units": sum(units),
        "calls": len(store.functions.calls) - calls,
        "read units": store.table.read_units - read_units,
        "cpu_ms": spent_ms - (store.own_ms - own_ms),
        "peak_mb": peak_mb(),
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
