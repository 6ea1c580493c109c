"""A child process that makes a thumbnail and prints how far its memory rose above the import, in MB.

Run as `python -m tests.benchmarks.peak_memory FILE`.
"""

import sys
from pathlib import Path

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.renditions import THUMB, UPLOAD_RECIPES

_STATUS = Path("/proc/self/status")


def _peak_mb() -> float:
    """The peak of this process alone; what getrusage tells would begin with the parent's."""
    line = next(
        line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) / 1024


def main(source: Path) -> None:
    """Print the rise of the peak by reading and processing `source`."""
    processor = PillowProcessor()
    after_import_mb = _peak_mb()
    processor.process(source.read_bytes(), None, {THUMB: UPLOAD_RECIPES[THUMB]})
    print(_peak_mb() - after_import_mb)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
