"""A child process that makes renditions and prints how far its memory rose above the import, in MB.

Run as `python -m tests.benchmarks.peak_memory FILE PRESET…`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.delivery.renditions import PRESETS
from tests.benchmarks.measurement import peak_mb


def main(source: Path, presets: Sequence[str]) -> None:
    """Print the rise of the peak by reading and processing `source`."""
    processor = PillowProcessor()
    after_import_mb = peak_mb()
    processor.process(source.read_bytes(), None, {name: PRESETS[name].recipe for name in presets})
    print(peak_mb() - after_import_mb)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
