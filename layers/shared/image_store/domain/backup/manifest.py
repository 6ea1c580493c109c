"""The manifest of a backup: the files that together hold a store as it was at a time.

A manifest and the files that it names are written once and never changed. The manifest comes last, so a run that was
interrupted leaves none, and the manifest before it stays valid.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from image_store.domain.backup.lines import canonical_json
from image_store.domain.errors import BackupDamaged, BackupTooNew
from image_store.domain.ids import is_image_id

FORMAT = 1
"""Raise it when readers of the present form would misread the new one."""

_TIMES = ("started_at", "as_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """A file of lines."""

    key: str
    """In the bucket of the backup."""
    size_bytes: int
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The deployment that a backup was made of; a restore compares it. It holds no secret."""

    stack: str
    table: str
    kms_key: str
    """The ARN of the key that sealed texts; empty if there is none."""
    schema_version: int
    """Of the rows of the table."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Settings that a new deployment needs to find the same images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that a restore needs to know; ids sort by time."""

    id: str
    """Of the run that wrote it."""
    origin: Origin
    started_at: datetime
    as_of: datetime
    """Changes that were noted before this time are in the backup; the stream usually notes a change within seconds."""
    base: str
    """The id of the full pass."""
    base_files: tuple[BackupFile, ...]
    """Each image and row that existed at the full pass has one line in them."""
    change_files: tuple[BackupFile, ...] = ()
    """The oldest first. A line of a later file replaces earlier lines of the same entity, and all lines of the base."""
    base_images: int = 0
    base_bytes: int = 0
    """Of the originals of the base."""

    @property
    def base_lines(self) -> int:
        """How many lines the base has."""
        return sum(file.lines for file in self.base_files)

    @property
    def change_lines(self) -> int:
        """How many lines have been written since the base."""
        return sum(file.lines for file in self.change_files)

    def newest_first(self) -> Iterator[BackupFile]:
        """The files in the order in which the first line of an entity is the one that counts."""
        yield from reversed(self.change_files)
        yield from self.base_files

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        body = asdict(self) | {name: getattr(self, name).isoformat() for name in _TIMES} | {"format": FORMAT}
        return canonical_json(body | {"sha256": _digest(body)}).encode()


def manifest_of(data: bytes, *, manifest_id: str) -> Manifest:
    """The manifest in a file.

    Raises BackupTooNew for a form that a later version wrote, and BackupDamaged for anything else that is not the
    manifest of this id.
    """
    try:
        body = json.loads(data)
        digest, form = body.pop("sha256"), body.pop("format")
        if type(form) is int and form > FORMAT:
            raise BackupTooNew("A later version of the store wrote this backup: use that version.")
        if digest != _digest(body | {"format": form}) or body["id"] != manifest_id or form != FORMAT:
            raise _damaged()
        manifest = Manifest(
            **body
            | {name: datetime.fromisoformat(body[name]) for name in _TIMES}
            | {name: _files(body[name]) for name in ("base_files", "change_files")}
            | {"origin": Origin(**body["origin"])}
        )
        is_sound = is_image_id(manifest.id) and is_image_id(manifest.base) and manifest.base <= manifest.id
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise _damaged() from error
    if not is_sound:
        raise _damaged()
    return manifest


def _files(values: list[dict[str, Any]]) -> tuple[BackupFile, ...]:
    return tuple(BackupFile(**value) for value in values)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def _damaged() -> BackupDamaged:
    return BackupDamaged("The manifest is not what the backup wrote: choose another manifest.")
