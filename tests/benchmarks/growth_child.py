"""One operation on what a folder holds, in a process of its own, whose memory is therefore only that.

Run as `python -m tests.benchmarks.growth_child OPERATION FOLDER`; prints what it cost as JSON.
"""

import json
import sys
from pathlib import Path

from tests.benchmarks.growth_operations import OPERATIONS, Held
from tests.benchmarks.measurement import cpu_ms
from tests.benchmarks.peak_memory import peak_mb


def main(name: str, folder: Path) -> None:
    """Print units, calls, read units, CPU time and memory."""
    operation = OPERATIONS[name]()
    held = Held(folder)
    before_mb = peak_mb()
    done: list[int] = []
    spent_ms = cpu_ms(lambda: done.append(operation.run(held)))
    cost = {
        "units": done[0],
        "calls": len(held.functions.calls),
        "read units": held.table.read_units,
        "cpu_ms": spent_ms - held.own_ms,
        "before_mb": before_mb,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(cost))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
