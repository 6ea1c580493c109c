"""`image-store upload` of 200 files against `aws s3 cp` of the same files to the same local stack, by the clock.

The aws command puts objects and nothing else; ours has each picture checked, recorded and rendered by the store. Both
wait for the same emulator on the same processors, so the ratio of a pair hardly depends on what else the machine does.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

from local.ports import any_free_port
from tests.benchmarks.measurement import Measurement, children_cpu_ms, compare
from tests.e2e.conftest import ROOT, Stack
from tests.pictures import jpeg

FILES = 200
PAIRS = 3
BAR = 3.0
AWS = ROOT / ".venv-awscli" / "bin" / "aws"
RUN_SECONDS = 600


def measure(_: Path) -> Iterator[Measurement]:
    """Compare both; one run of each warms up."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = folder / "files"
        files.mkdir()
        (folder / "state").mkdir()
        for index in range(FILES):
            (files / f"{index:03}.jpg").write_bytes(jpeg(160 + index, 120))
        stack = Stack(port=any_free_port(), state=folder / "state")
        stack.start()
        try:
            yield from _compared(stack, folder, files)
        finally:
            stack.stop()


def _compared(stack: Stack, folder: Path, files: Path) -> Iterator[Measurement]:
    keys = {
        "AWS_ACCESS_KEY_ID": stack.described["access_key"],
        "AWS_SECRET_ACCESS_KEY": stack.described["secret_key"],
        "AWS_DEFAULT_REGION": stack.described["region"],
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "cli"), str(ROOT / "clients/python")]),
        "IMAGE_STORE_STACK_FILE": str(stack.state.stack_file),
    }
    cpu_ms: dict[str, list[float]] = {"ours": [], "theirs": []}
    numbers = count()

    def run(name: str, words: Sequence[str], given: Mapping[str, str]) -> float:
        """Run a command; answer how long it took, in milliseconds."""
        started = time.monotonic()
        spent = children_cpu_ms(
            lambda: subprocess.run(
                words, env=given, check=True, stdout=subprocess.DEVNULL, timeout=RUN_SECONDS, cwd=folder
            )
        )
        took = (time.monotonic() - started) * 1000
        cpu_ms[name].append(spent)
        return took

    def ours() -> float:
        # Another title makes other uploads of the same files; keep stores them again.
        title = f"run {next(numbers)}"
        command = [sys.executable, "-m", "image_store_cli", "upload", str(files), "--quiet"]
        return run("ours", [*command, "--on-duplicate", "keep", "--title", title], environment)

    def theirs() -> float:
        target = f"s3://{stack.described['private_bucket']}/compared/{next(numbers)}/"
        command = [str(AWS), "s3", "cp", "--recursive", "--quiet", str(files), target]
        command += ["--endpoint-url", stack.described["s3_endpoint"]]
        return run("theirs", command, environment | keys)

    compared = compare(ours, theirs, pairs=PAIRS)
    ours_cpu, theirs_cpu = (statistics.median(cpu_ms[name]) for name in ("ours", "theirs"))
    detail = (
        f"{compared.ours_ms / 1000:.1f} s against {compared.theirs_ms / 1000:.1f} s; "
        f"CPU of the commands {ours_cpu:.0f} ms against {theirs_cpu:.0f} ms"
    )
    yield Measurement("upload200_vs_aws_cp", compared.ratio, "×", BAR, detail)
