"""The folder with everything a stack remembers, used by one launcher at a time."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from local.problems import CannotRun

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
STOPPING_SECONDS = 30  # the emulator of a launcher that was killed is still saving
LOCK_POLL_SECONDS = 0.2
FORMAT, OLDEST_FORMAT = 2, 1
"""Of what a folder holds; a folder that does not name one has 1. Grows with the table's schema."""


@dataclass(frozen=True)
class StateFolder:
    """Names and small JSON files of one state folder."""

    path: Path

    @property
    def emulator(self) -> Path:
        """The emulator's saved services."""
        return self.path / "emulator"

    @property
    def objects(self) -> Path:
        """The bytes of all buckets."""
        return self.path / "objects"

    @property
    def temporary(self) -> Path:
        """The emulator's and the handlers' temporary files; wiped at every start."""
        return self.path / "tmp"

    @property
    def log(self) -> Path:
        """What emulator, handlers and front said since the start; ``log.1`` is of the start before."""
        return self.path / "log"

    @property
    def issuer_key(self) -> Path:
        """The private key of the local token issuer."""
        return self.path / "issuer.pem"

    @property
    def stack_file(self) -> Path:
        """Where a running stack says how to reach it."""
        return self.path / "stack.json"

    @property
    def unsettled(self) -> Path:
        """There from a start until a clean stop: table and buckets may disagree."""
        return self.path / "unsettled"

    def was_killed(self) -> bool:
        """Tell whether the last stack of this folder did not stop cleanly; from here on this one has not either."""
        try:
            self.unsettled.open("x").close()
        except FileExistsError:
            return True
        except OSError as refused:
            raise unusable(self.path, refused) from refused
        return False

    def settle(self) -> None:
        """Remember that all is saved, and that table and buckets agree."""
        self.unsettled.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the folder, empty its temporary files, and begin a new log.

        Raises CannotRun, which says what to do, when the folder is of a build whose state this one cannot read.
        """
        self._check_format()
        try:
            for folder in (self.path, self.emulator, self.objects):
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            shutil.rmtree(self.temporary, ignore_errors=True)
            self.temporary.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".1"))
            self.stack_file.unlink(missing_ok=True)
            self.write("format", {"version": FORMAT})
        except OSError as refused:
            raise unusable(self.path, refused) from refused

    def _check_format(self) -> None:
        # A folder that cannot be looked into is told of where it is made.
        is_there = (self.path / "format.json").exists()
        version = self.read("format").get("version", 1) if is_there else 1
        if isinstance(version, int) and OLDEST_FORMAT <= version <= FORMAT:
            return
        whose = "a later" if isinstance(version, int) and version > FORMAT else "an earlier"
        raise CannotRun(
            f"The state folder {self.path} is of {whose} build, whose images this one cannot read: start that build "
            f"again, or start this one with an empty folder (`STATE=folder make run`)."
        )

    def lock(self) -> TextIO:
        """Take the folder for this process and whoever inherits the lock, until the last of them is gone."""
        try:
            self.path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as refused:
            raise unusable(self.path, refused) from refused
        deadline = time.monotonic() + STOPPING_SECONDS
        while not take(lock):
            lock.seek(0)
            owner = lock.read().strip()
            if is_running(owner) or time.monotonic() > deadline:
                lock.close()
                raise CannotRun(
                    f"Another stack uses the state folder {self.path} (process {owner or 'unknown'}): stop "
                    f"it, or start this one with another PORT and STATE."
                )
            time.sleep(LOCK_POLL_SECONDS)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def read(self, name: str) -> dict[str, Any]:
        """Answer the object in a JSON file of ours, ``{}`` when there is none."""
        path = self.path / f"{name}.json"
        try:
            value = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as unreadable:
            raise broken(path) from unreadable
        if not isinstance(value, dict):
            raise broken(path)
        return value

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Put an object into a JSON file of ours, in one step and readable by its owner alone."""
        write_privately(self.path / f"{name}.json", json.dumps(value, indent=2) + "\n")

    def root_secret(self) -> str:
        """Answer the secret key of the emulator's root, made on the first start."""
        kept = self.read("root").get("secret_key")
        if isinstance(kept, str):
            return kept
        made = secrets.token_urlsafe(30)
        self.write("root", {"secret_key": made})
        return made


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    half_written = path.with_name(f"{path.name}.new")
    half_written.unlink(missing_ok=True)
    with os.fdopen(os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as file:
        file.write(text)
    half_written.replace(path)


def unusable(folder: Path, refused: OSError) -> CannotRun:
    """Answer the error for a state folder that the operating system refuses."""
    return CannotRun(
        f"The state folder {folder} cannot be used ({refused.strerror}): make it writable, or choose another "
        f"one with `STATE=folder make run`."
    )


def broken(path: Path) -> CannotRun:
    """Answer the error for a file of ours that cannot be read; none of them holds data."""
    return CannotRun(
        f"{path} is not what this program wrote there: delete that file and start again, no image is lost."
    )


def take(lock: TextIO) -> bool:
    """Try to take a lock without waiting."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_running(pid: str) -> bool:
    """Tell whether a process with this number exists."""
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
