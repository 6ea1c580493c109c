"""Build the real template with ``sam build``, for this machine or for Lambda, unless its sources are unchanged."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from local.problems import CannotRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SOURCES = ("template.yaml", "functions", "layers")
STAMP = ".built-from"
LAST_LINES = 20
UV_PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class BuildTarget:
    """What a build is for: the processor by Lambda's name for it, and the platform by uv's."""

    architecture: str
    platform: str


def this_machine() -> BuildTarget:
    """Return this machine, where the local stack runs the functions."""
    return BuildTarget(architecture(), uv_platform())


def in_lambda(processor: str) -> BuildTarget:
    """Return Lambda's own platform for a processor."""
    return BuildTarget(processor, f"{UV_PROCESSORS[processor]}-manylinux_2_28")


def build(root: Path, *, run: Callable[[Path, int], None], target: BuildTarget | None = None) -> str:
    """Build the template with ``run`` for this machine or another target; return the fingerprint of its sources."""
    with only_one_at_a_time(root) as lock:
        current = fingerprint(root, target or this_machine())
        stamp = build_folder(root, target) / STAMP
        if read(stamp) != current:
            stamp.unlink(missing_ok=True)
            run(root, lock)
            stamp.write_text(current)
        return current


@contextmanager
def only_one_at_a_time(root: Path) -> Iterator[int]:
    """Make other builds of the same checkout wait; yield the lock's descriptor."""
    folder = root / ".aws-sam"
    folder.mkdir(exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def build_folder(root: Path, target: BuildTarget | None = None) -> Path:
    """Return the folder of the built template and of the code of its functions and layers.

    On Linux the build for this machine is also the one for Lambda, so both have one folder.
    """
    if target is None or target == this_machine():
        return root / ".aws-sam" / "local"
    return root / ".aws-sam" / f"lambda-{target.architecture}"


def fingerprint(root: Path, target: BuildTarget) -> str:
    """Return one hash of all sources of the build, its target and its tools."""
    digest = hashlib.sha256()
    tools = (read(root / folder / ".made-from") or "" for folder in (".venv-sam", ".venv-console"))
    for part in (target.architecture, target.platform, *tools):
        digest.update(f"{part}\0".encode())
    for path in source_files(root):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def source_files(root: Path) -> Iterable[Path]:
    """List the source files of a build in a stable order, without Python's caches."""
    for source in SOURCES:
        path = root / source
        # The layer for AI clients has links to the packages of the clients.
        files = [path] if path.is_file() else sorted(path.rglob("*", recurse_symlinks=True))
        yield from (file for file in files if file.is_file() and "__pycache__" not in file.parts)


def architecture() -> str:
    """Return this machine's processor by Lambda's name for it."""
    machine = platform.machine().lower()
    if machine in {"x86_64", "amd64"}:
        return "x86_64"
    if machine in {"arm64", "aarch64"}:
        return "arm64"
    raise CannotRun(
        f"This machine's processor ({machine}) is neither x86_64 nor arm64. Lambda has no others."
    )


def uv_platform() -> str:
    """Return this machine's platform by uv's name for it, for the packages in the layers."""
    processor = UV_PROCESSORS[architecture()]
    return f"{processor}-apple-darwin" if sys.platform == "darwin" else f"{processor}-manylinux_2_28"


def sam_build(root: Path, lock: int, target: BuildTarget | None = None) -> None:
    """Run ``sam build``, which holds the lock too; print the end of its output if it fails."""
    print("  building the functions and layers, which takes a minute or two …", file=sys.stderr, flush=True)
    chosen = target or this_machine()
    environment = {
        **os.environ,
        "ARCH": chosen.architecture,
        "PLATFORM": chosen.platform,
        "PYTHON": str(root / ".venv-sam" / "bin" / "python"),
        "UV": str(root / ".venv-uv" / "bin" / "uv"),
        "ROLLUP": str(root / ".venv-console" / "bin" / "rollup"),
        # SAM looks for the functions' Python by name.
        "PATH": os.pathsep.join(
            [
                str(root / ".venv-sam" / "bin"),
                os.environ.get("PATH", os.defpath),
            ]
        ),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(root / ".aws-sam" / "settings"),  # not the home folder
    }
    # A profile would be read from the home folder, and the makefiles would inherit `make run PYTHON=…`.
    for inherited in (
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
        "VIRTUAL_ENV",
    ):
        environment.pop(inherited, None)
    command = [
        str(root / ".venv-sam" / "bin" / "sam"), "build", "--template-file", "template.yaml",
        "--build-dir", str(build_folder(root, target)), "--base-dir", str(root), "--parallel",
        # SAM's cache knows the sources but not PLATFORM.
        "--cached", "--cache-dir", str(root / ".aws-sam" / f"cache-{chosen.platform}"),
        "--parameter-overrides", f"Architecture={chosen.architecture}",
    ]  # fmt: skip
    result = subprocess.run(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        # If only this process is killed, sam build continues, and the next build has to wait for it.
        pass_fds=(lock,),
    )
    if result.returncode != 0:
        print("\n".join((result.stdout + result.stderr).strip().splitlines()[-LAST_LINES:]), file=sys.stderr)
        raise CannotRun("`sam build` failed, as shown above: fix the problem and run the command again.")


def read(path: Path) -> str | None:
    """Return the text of a small file, or None if it does not exist."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def main(words: Sequence[str], root: Path) -> int:
    """Build from the command line, and print the folder; return an exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m local.build", description="Build the functions and layers."
    )
    parser.add_argument(
        "--architecture",
        choices=sorted(UV_PROCESSORS),
        help="build for Lambda on this processor (default: this machine)",
    )
    processor = parser.parse_args(words).architecture
    target = in_lambda(processor) if processor else this_machine()
    try:
        build(root, run=partial(sam_build, target=target), target=target)
    except CannotRun as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print(build_folder(root, target).relative_to(root))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
