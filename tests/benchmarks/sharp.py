"""sharp, the npm library most people would use, kept running as a child process to compare with."""

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import IO

SHARP_VERSION = "0.35.5"

_WORKER = Path(__file__).with_name("sharp_worker.mjs")


class SharpUnavailable(Exception):
    """Node.js or npm is missing, or sharp could not be installed; the message says which."""


class Sharp:
    """A running Node.js process with sharp in it; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Install the pinned sharp into `folder` unless it is there, and start it."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise SharpUnavailable("Node.js with npm is needed to measure against sharp.")
        _install(npm, folder)
        worker = folder / _WORKER.name
        worker.write_bytes(_WORKER.read_bytes())  # so that Node.js finds sharp beside it
        self._process = subprocess.Popen(
            [node, worker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Sharp":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=10)
        self._pipe(self._process.stdout).close()

    def run(self, work: str, source: Path) -> tuple[float, int]:
        """Do one piece of work; answer its CPU time in milliseconds and the size of its result in bytes."""
        stdin = self._pipe(self._process.stdin)
        stdin.write(json.dumps({"work": work, "source": str(source)}) + "\n")
        stdin.flush()
        answer = json.loads(self._pipe(self._process.stdout).readline())
        return float(answer["cpu_ms"]), int(answer["bytes"])

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def _install(npm: str, folder: Path) -> None:
    manifest = folder / "node_modules" / "sharp" / "package.json"
    if manifest.exists() and json.loads(manifest.read_text(encoding="utf-8"))["version"] == SHARP_VERSION:
        return
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(folder)]
    command = [npm, "install", *options, f"sharp@{SHARP_VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SharpUnavailable(f"npm could not install sharp {SHARP_VERSION}: {done.stderr.strip()[-300:]}")
