"""A child process that processes hostile files and tells what came of each, what it took and how much memory.

Run as `python -m tests.hostile_child NAME…`; prints one JSON line for each file.
"""

import json
import sys
import time
from pathlib import Path

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.errors import ImageStoreError
from image_store.domain.media import MediaType
from image_store.domain.renditions import UPLOAD_RECIPES, Provenance, Recipe
from tests.hostile import FILES

_RECIPES = {**UPLOAD_RECIPES, "w640": Recipe(640, media_type=MediaType.WEBP)}


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) / 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def main(names: list[str]) -> None:
    """Process the files of these names with the limits of a deployment that sets none."""
    processor = PillowProcessor()
    for name in names:
        data = FILES[name]()
        _forget_peak()
        before_mb, started = _peak_mb(), time.process_time()
        try:
            processor.process(data, None, _RECIPES, provenance=Provenance())
            outcome = "stored"
        except ImageStoreError as refusal:
            outcome = refusal.code
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what the test is about
            outcome = f"! {type(error).__name__}: {error}"
        seconds, rise_mb = time.process_time() - started, _peak_mb() - before_mb
        print(json.dumps([name, outcome, round(seconds, 3), round(rise_mb, 1), len(data)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(FILES))
