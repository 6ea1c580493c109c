"""The folder with everything a stack remembers, used by one launcher at a time."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from local.inside_emulator.checkpoints import LAST_SAVE
from local.problems import CannotRun

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
STOPPING_SECONDS = 30  # the emulator of a launcher that was killed is still saving
LOCK_POLL_SECONDS = 0.2
VERSION_FILE = "version"
STATE_VERSION = 2
"""Changes when a build can no longer read what an earlier one left."""
UNVERSIONED = 1
"""States from before there were versions."""
READABLE_VERSIONS = frozenset({UNVERSIONED, STATE_VERSION})
KEY_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class UncleanStop:
    """A stop that saved nothing: what was stored after the last save is in the buckets alone."""

    last_save: datetime


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

    @property
    def last_save(self) -> Path:
        """A file whose time says when the emulator's last complete save began."""
        return self.emulator.with_name(LAST_SAVE)

    @property
    def set_aside(self) -> Path:
        """Copies of files that the last saved table knew nothing of, a folder for each unclean stop."""
        return self.path / "set-aside"

    def was_killed(self) -> UncleanStop | None:
        """Tell whether the last stack of this folder did not stop cleanly; from here on this one has not either.

        Until the two were compared, the earliest save counts: what came after it may be in no table.
        """
        try:
            if not self.unsettled.exists():
                self.unsettled.touch()
                return None
            kept = self.unsettled.read_text().strip()
            saved_at = float(kept) if kept else self._time_of_last_save()
            self.unsettled.write_text(str(saved_at))
        except (OSError, ValueError) as refused:
            raise unusable(self.path, refused) from refused
        return UncleanStop(datetime.fromtimestamp(saved_at, UTC))

    def note_comparison(self) -> None:
        """Record that table and buckets agree while the stack runs; a later kill starts a new comparison."""
        self.unsettled.write_text("")

    def _time_of_last_save(self) -> float:
        """Answer when the last save began; without a note of it, when the table was written; 0 without either."""
        files = (file for file in (self.last_save, self.emulator / "dynamodb.json") if file.exists())
        return next((file.stat().st_mtime for file in files), 0.0)

    def settle(self) -> None:
        """Remember that all is saved, and that table and buckets agree."""
        self.unsettled.unlink(missing_ok=True)

    def require_version(self) -> None:
        """Raise CannotRun for a state that this build cannot read; write down the version of one that it can."""
        version = self._version()
        if version is None:
            self.write(VERSION_FILE, {"version": STATE_VERSION})
        elif version not in READABLE_VERSIONS:
            age = "a later" if version > STATE_VERSION else "an earlier"
            raise CannotRun(
                f"The state in {self.path} is of {age} build (version {version}, and this one has "
                f"{STATE_VERSION}): start that build again, choose another folder with `STATE=folder make run`, "
                f"or delete this one to begin with an empty store."
            )
        elif version != STATE_VERSION:
            self.write(VERSION_FILE, {"version": STATE_VERSION})

    def _version(self) -> int | None:
        """Answer the version of what lies here; None when nothing does."""
        said = self.read(VERSION_FILE)
        if said:
            version = said.get("version")
            if not isinstance(version, int) or isinstance(version, bool):
                raise broken(self.path / f"{VERSION_FILE}.json")
            return version
        return UNVERSIONED if any(self.emulator.glob("*.json")) else None

    def prepare(self) -> None:
        """Make the folder, empty its temporary files, and begin a new log."""
        try:
            for folder in (self.path, self.emulator, self.objects):
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            shutil.rmtree(self.temporary, ignore_errors=True)
            self.temporary.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".1"))
            self.stack_file.unlink(missing_ok=True)
        except OSError as refused:
            raise unusable(self.path, refused) from refused

    def lock(self) -> TextIO:
        """Lock the folder for this process and its children, until the last of them has ended."""
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

    def root_key(self) -> RootKey:
        """Answer the key pair of the emulator's root, made on the first start."""
        kept = self.read("root")
        pair = RootKey(
            str(kept.get("access_key") or f"AKIA{random_text(KEY_ID_LETTERS, 16)}"),
            str(kept.get("secret_key") or secrets.token_urlsafe(30)),
        )
        if {"access_key", "secret_key"} - kept.keys():
            self.write("root", {"access_key": pair.access_key, "secret_key": pair.secret_key})
        return pair


@dataclass(frozen=True)
class RootKey:
    """The key pair that may do everything in one local stack, and nothing elsewhere."""

    access_key: str
    secret_key: str


def random_text(letters: str, length: int) -> str:
    """Answer a random text that cannot be guessed."""
    return "".join(secrets.choice(letters) for _ in range(length))


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    half_written = path.with_name(f"{path.name}.new")
    half_written.unlink(missing_ok=True)
    with os.fdopen(os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as file:
        file.write(text)
    half_written.replace(path)


def unusable(folder: Path, refused: OSError | ValueError) -> CannotRun:
    """Answer the error for a state folder that the operating system refuses."""
    why = refused.strerror if isinstance(refused, OSError) else refused
    return CannotRun(
        f"The state folder {folder} cannot be used ({why}): make it writable, or choose another "
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
