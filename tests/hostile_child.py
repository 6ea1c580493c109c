"""Processes files that came from a stranger in a process of its own, and measures each of them.

The parent asks with `fates`. The child forks before the first file, and again after one that killed its process, so
that this is told as well; memory counts from the fork on, whatever earlier files left behind.
"""

import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from image_store.adapters.imaging import PillowProcessor
from image_store.domain.delivery.renditions import UPLOAD_RECIPES, Recipe
from image_store.domain.errors import ImageStoreError
from image_store.domain.images.media import MediaType
from image_store.domain.images.provenance import Provenance

# Two seconds of an idle core, as a soak has it; cores that other tests share take several times as long.
MOST_CPU_SECONDS = 2.0 if "SOAK_FILES" in os.environ else 10.0
MOST_MEMORY_MB = 300.0
_ROOT = Path(__file__).resolve().parents[1]
_RECIPES = {**UPLOAD_RECIPES, "w640": Recipe(640, media_type=MediaType.WEBP)}
_LONGEST_SECONDS = float(os.environ.get("HOSTILE_SECONDS", "60"))
# After a file that took more than this the next one gets a fork of its own: freed memory is not all given back.
_DIRTY_MB = 20
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a file: `stored`, the code of a refusal, or `!` and what else came out of it."""

    outcome: str
    cpu_seconds: float
    rise_mb: float

    @property
    def is_fair(self) -> bool:
        """Whether it was stored or refused by a code of the store, for little."""
        is_coded = not self.outcome.startswith("!")
        return is_coded and self.cpu_seconds < MOST_CPU_SECONDS and self.rise_mb < MOST_MEMORY_MB


def fates(files: Sequence[bytes], *, timeout_seconds: float = 600) -> list[Fate]:
    """What becomes of each file by the limits of a deployment that sets none."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.hostile_child"],
        input=b"".join(_LENGTH.pack(len(data)) + data for data in files),
        stdout=subprocess.PIPE,
        check=True,
        timeout=timeout_seconds,
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": f"{_ROOT / 'layers/shared'}:{_ROOT}"},
    )
    return [Fate(*json.loads(line)) for line in process.stdout.splitlines()]


def _read_files() -> Iterator[bytes]:
    while head := sys.stdin.buffer.read(_LENGTH.size):
        yield sys.stdin.buffer.read(*_LENGTH.unpack(head))


def main() -> None:
    """Read files from standard input and print the fate of each as a line of JSON."""
    files, done = list(_read_files()), 0
    while done < len(files):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _work(files[done:], writer)
            os._exit(0)
        os.close(writer)
        done += _pass_on(reader, child)
        _, status = os.waitpid(child, 0)
        if status:
            _tell([f"! its process ended with {status}", 0.0, 0.0])
            done += 1


def _tell(fate: Sequence[str | float]) -> None:
    sys.stdout.write(json.dumps(fate) + "\n")
    sys.stdout.flush()


def _pass_on(reader: int, child: int) -> int:
    """Print what a fork tells until it ends, or is ended for taking too long; how many files it told of."""
    output = b""
    while True:
        is_ready, _, _ = select.select([reader], [], [], _LONGEST_SECONDS)
        if not is_ready:
            os.kill(child, signal.SIGKILL)
            break
        if not (more := os.read(reader, 65_536)):
            break
        output += more
    os.close(reader)
    lines = output[: output.rfind(b"\n") + 1]
    sys.stdout.write(lines.decode())
    sys.stdout.flush()
    return lines.count(b"\n")


def _work(files: Sequence[bytes], writer: int) -> None:
    processor, start_mb = PillowProcessor(), _memory_mb("VmRSS")
    for data in files:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak
        began = _cpu_seconds()
        outcome = _outcome(processor, data)
        seconds, rise_mb = _cpu_seconds() - began, _memory_mb("VmHWM") - start_mb
        os.write(writer, json.dumps([outcome, seconds, rise_mb]).encode() + b"\n")
        if rise_mb > _DIRTY_MB:
            return


def _outcome(processor: PillowProcessor, data: bytes) -> str:
    try:
        processor.process(data, None, _RECIPES, provenance=Provenance())
    except ImageStoreError as refusal:
        return refusal.code
    except BaseException as error:
        return f"! {type(error).__name__}: {error}"[:300]
    return "stored"


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory_mb(name: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in status if line.startswith(f"{name}:")).split()[1]) / 1024


if __name__ == "__main__":
    main()
