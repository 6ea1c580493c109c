"""The folder with all state of a stack, used by one launcher at a time."""

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
STOPPING_SECONDS = 30  # the emulator of a killed launcher may still be saving
LOCK_POLL_SECONDS = 0.2
VERSION_FILE = "version"
STATE_VERSION = 2
"""Increases when a build cannot read the state of an earlier one."""
UNVERSIONED = 1
"""States from before there were versions."""
READABLE_VERSIONS = frozenset({UNVERSIONED, STATE_VERSION})
KEY_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class UncleanStop:
    """A stop without a save: what was stored after the last save is only in the buckets."""

    last_save: datetime


@dataclass(frozen=True)
class StateFolder:
    """Paths and small JSON files of one state folder."""

    path: Path

    @property
    def emulator(self) -> Path:
        """Saved state of the emulator's services."""
        return self.path / "emulator"

    @property
    def objects(self) -> Path:
        """The bytes of all buckets."""
        return self.path / "objects"

    @property
    def temporary(self) -> Path:
        """Temporary files of the emulator and the handlers; deleted at every start."""
        return self.path / "tmp"

    @property
    def log(self) -> Path:
        """The log of emulator, handlers and front since the start; ``log.1`` is that of the previous start."""
        return self.path / "log"

    def issuer_key(self, issuer: str, algorithm: str) -> Path:
        """The private key with which a local issuer signs."""
        return self.path / f"{issuer}-{algorithm.lower()}.pem"

    @property
    def stack_file(self) -> Path:
        """The file with the addresses of a running stack."""
        return self.path / "stack.json"

    @property
    def unsettled(self) -> Path:
        """A file that exists from a start until a clean stop: table and buckets may disagree."""
        return self.path / "unsettled"

    @property
    def last_save(self) -> Path:
        """A file whose modification time is the start of the emulator's last complete save."""
        return self.emulator.with_name(LAST_SAVE)

    @property
    def set_aside(self) -> Path:
        """Copies of files that are newer than the last save, in one folder for each unclean stop."""
        return self.path / "set-aside"

    def detect_unclean_stop(self) -> UncleanStop | None:
        """Return the last stop if it was not clean, and mark this stack as not stopped cleanly either.

        Until table and buckets are compared, the earliest save counts: no table may have what came after it.
        """
        try:
            if not self.unsettled.exists():
                self.unsettled.touch()
                return None
            noted = self.unsettled.read_text().strip()
            saved_at = float(noted) if noted else self._time_of_last_save()
            self.unsettled.write_text(str(saved_at))
        except (OSError, ValueError) as error:
            raise unusable_folder_error(self.path, error) from error
        return UncleanStop(datetime.fromtimestamp(saved_at, UTC))

    def record_comparison(self) -> None:
        """Record that table and buckets agree while the stack runs; a later kill starts a new comparison."""
        self.unsettled.write_text("")

    def _time_of_last_save(self) -> float:
        """Return when the last save began, else when the table was written, else 0."""
        files = (file for file in (self.last_save, self.emulator / "dynamodb.json") if file.exists())
        return next((file.stat().st_mtime for file in files), 0.0)

    def record_clean_stop(self) -> None:
        """Record that everything is saved and that table and buckets agree."""
        self.unsettled.unlink(missing_ok=True)

    def require_version(self) -> None:
        """Raise CannotRun if this build cannot read the state; otherwise record the state's version."""
        version = self._version()
        if version is None:
            self.write(VERSION_FILE, {"version": STATE_VERSION})
        elif version not in READABLE_VERSIONS:
            age = "a later" if version > STATE_VERSION else "an earlier"
            raise CannotRun(
                f"The state in {self.path} is of {age} build (it has version {version}, this build has "
                f"{STATE_VERSION}): start that build again, choose another folder with `STATE=folder make run`, "
                f"or delete this folder to begin with an empty store."
            )
        elif version != STATE_VERSION:
            self.write(VERSION_FILE, {"version": STATE_VERSION})

    def _version(self) -> int | None:
        """Return the version of the state in this folder, None without any."""
        content = self.read(VERSION_FILE)
        if content:
            version = content.get("version")
            if not isinstance(version, int) or isinstance(version, bool):
                raise damaged_file_error(self.path / f"{VERSION_FILE}.json")
            return version
        return UNVERSIONED if any(self.emulator.glob("*.json")) else None

    def prepare(self) -> None:
        """Create the folder, delete temporary files, and begin a new log."""
        try:
            for folder in (self.path, self.emulator, self.objects):
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            shutil.rmtree(self.temporary, ignore_errors=True)
            self.temporary.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".1"))
            self.stack_file.unlink(missing_ok=True)
        except OSError as error:
            raise unusable_folder_error(self.path, error) from error

    def lock(self) -> TextIO:
        """Lock the folder for this process and its children until all of them have ended."""
        try:
            self.path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise unusable_folder_error(self.path, error) from error
        deadline = time.monotonic() + STOPPING_SECONDS
        while not try_lock(lock):
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
        """Return the object in a JSON file of this folder, ``{}`` if there is no file."""
        path = self.path / f"{name}.json"
        try:
            value = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise damaged_file_error(path) from error
        if not isinstance(value, dict):
            raise damaged_file_error(path)
        return value

    def write(self, name: str, value: dict[str, Any]) -> None:
        """Write an object to a JSON file of this folder in one step, readable only by its owner."""
        write_privately(self.path / f"{name}.json", json.dumps(value, indent=2) + "\n")

    def root_key(self) -> RootKey:
        """Return the key pair of the emulator's root; the first start creates it."""
        saved = self.read("root")
        pair = RootKey(
            str(saved.get("access_key") or f"AKIA{random_text(KEY_ID_LETTERS, 16)}"),
            str(saved.get("secret_key") or secrets.token_urlsafe(30)),
        )
        if {"access_key", "secret_key"} - saved.keys():
            self.write("root", {"access_key": pair.access_key, "secret_key": pair.secret_key})
        return pair


@dataclass(frozen=True)
class RootKey:
    """The key pair that may do everything in one local stack and is valid nowhere else."""

    access_key: str
    secret_key: str


def random_text(letters: str, length: int) -> str:
    """Return a random text of cryptographic quality."""
    return "".join(secrets.choice(letters) for _ in range(length))


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step, readable only by its owner."""
    half_written = path.with_name(f"{path.name}.new")
    half_written.unlink(missing_ok=True)
    with os.fdopen(os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as file:
        file.write(text)
    half_written.replace(path)


def unusable_folder_error(folder: Path, error: OSError | ValueError) -> CannotRun:
    """Return the error for a state folder that cannot be used."""
    reason = error.strerror if isinstance(error, OSError) else error
    return CannotRun(
        f"The state folder {folder} cannot be used ({reason}): make it writable, or choose another "
        f"folder with `STATE=folder make run`."
    )


def damaged_file_error(path: Path) -> CannotRun:
    """Return the error for a JSON file or key that cannot be read; these files have no images."""
    return CannotRun(f"{path} is damaged: delete that file and start again. No image is lost.")


def try_lock(lock: TextIO) -> bool:
    """Return whether the lock was taken, without waiting."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_running(pid: str) -> bool:
    """Return whether a process with this id exists."""
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
