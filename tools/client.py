"""Build the TypeScript client: ``python -m tools.client``, or ``make client``.

The npm packages come from the environment ``client``; ``clients/typescript/node_modules`` is a link to them. The types
of the API come from ``openapi.json``.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local import bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "clients/typescript"
DOCUMENT = ROOT / "functions/site/openapi.json"
SCHEMA = PACKAGE / "src/api/schema.d.ts"
DIST = PACKAGE / "dist"
ENVIRONMENT = ROOT / bootstrap.ENVIRONMENTS["client"].folder
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "tsdown.config.ts")
STAMP = ".made-from"


class ClientNotBuilt(Exception):
    """A tool refused the client. The message is what the tool printed."""


def program(script: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of an npm package, such as ``typescript/bin/tsc``."""
    return [str(bootstrap.node_of(ENVIRONMENT)), str(PACKAGE / "node_modules" / script), *arguments]


def link_packages() -> None:
    """Link ``node_modules`` to the packages of the environment, which must be installed."""
    link_modules(PACKAGE, ENVIRONMENT)


def link_modules(package: Path, environment: Path) -> None:
    """Link ``node_modules`` of a package to those of its environment, unless somebody installed them there with npm."""
    link = package / "node_modules"
    if link.is_dir() and not link.is_symlink():
        return
    target = os.path.relpath(environment / "packages/node_modules", package)
    if link.is_symlink() and str(link.readlink()) == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def write_schema() -> None:
    """Write the types of the API document into ``src/api/schema.d.ts``."""
    run(program("openapi-typescript/bin/cli.js", str(DOCUMENT), "-o", str(SCHEMA)))


def build() -> None:
    """Build ``dist``, unless it was built from the same sources. Two builds at once wait for each other."""
    with only_one_at_a_time():
        link_packages()
        stamp = fingerprint()
        if (DIST / STAMP).exists() and (DIST / STAMP).read_text() == stamp and SCHEMA.exists():
            return
        write_schema()
        run(program("tsdown/dist/run.mjs"))
        (DIST / STAMP).write_text(stamp)


def fingerprint() -> str:
    """Return the sha256 over everything that decides what a build makes."""
    digest = hashlib.sha256()
    sources = sorted(path for path in (PACKAGE / "src").rglob("*.ts*") if path != SCHEMA)
    for path in [DOCUMENT, *(PACKAGE / name for name in SOURCES), *sources]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Make a second build of the same checkout wait until this one has finished."""
    folder = os.open(PACKAGE, os.O_RDONLY)  # saves a lock file
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def run(command: Sequence[str]) -> None:
    """Run a tool in the folder of the package; raise ClientNotBuilt with its output if it fails."""
    process = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False)  # noqa: S603 - our tools
    if process.returncode != 0:
        raise ClientNotBuilt(process.stdout + process.stderr)


if __name__ == "__main__":
    try:
        build()
    except ClientNotBuilt as problem:
        sys.exit(f"error: {problem}")
