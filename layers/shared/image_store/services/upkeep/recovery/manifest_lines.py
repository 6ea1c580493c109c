"""Reads the lines of a manifest page by page, so that a restore can continue at any of them."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from image_store.domain.backup.lines import BackupLine
from image_store.domain.backup.manifest import BackupFile, Manifest
from image_store.domain.errors import BackupDamaged
from image_store.services.backup.library import BackupLibrary

PAGE_LINES = 50
PAGE_BYTES = 256 * 1024 * 1024
"""Of the originals of a page; a page with a single larger one is allowed."""


@dataclass(frozen=True, slots=True)
class LinePage:
    """Some lines of a manifest."""

    lines: tuple[BackupLine, ...]
    position: str
    """Where the next page begins."""
    damaged: BackupFile | None = None
    """A file of the base that cannot be read, in place of lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestLines:
    """The line of each image and row as of a manifest."""

    library: BackupLibrary
    manifest: Manifest

    def pages(self, position: str | None) -> Iterator[LinePage]:
        """The pages from a position on, None for the beginning; holds the text of one file and one page.

        The newest line of an entity counts, so the files of changes come first, the newest of them before the others.
        Their names are remembered, and each call reads them again; they are at most as many as the lines of the base,
        or 10,000. Deletions are left out. Raises BackupDamaged for a damaged file of changes: without it an older state
        would count. The lines of a file of the base before a damaged one are good, and come before its page.
        """
        first_file, first_line = (int(part) for part in (position or "0:0").split(":"))
        newer: set[str] = set()
        changes = len(self.manifest.change_files)
        for number, file in enumerate(self.manifest.newest_first()):
            is_change = number < changes
            if number < first_file and not is_change:
                continue
            first = first_line if number == first_file else 0 if number > first_file else math.inf
            batch = _Batch()
            try:
                for place, line in enumerate(self.library.lines(file, backwards=is_change)):
                    if place >= first and not line.is_deletion and line.entity not in newer:
                        if not batch.has_room_for(line):
                            yield batch.page(f"{number}:{place}")
                            batch = _Batch()
                        batch.add(line)
                    if is_change:
                        newer.add(line.entity)
            except BackupDamaged:
                if is_change:
                    raise
                if batch.lines:
                    yield batch.page(f"{number}:{file.lines}")
                yield LinePage((), f"{number + 1}:0", damaged=file)
                continue
            if number >= first_file:
                yield batch.page(f"{number + 1}:0")


@dataclass(slots=True)
class _Batch:
    """The lines of a page that is not complete."""

    lines: list[BackupLine] = field(default_factory=list)
    size_bytes: int = 0
    """Of the originals."""

    def has_room_for(self, line: BackupLine) -> bool:
        is_small = self.size_bytes + _original_bytes(line) <= PAGE_BYTES
        return not self.lines or (len(self.lines) < PAGE_LINES and is_small)

    def add(self, line: BackupLine) -> None:
        self.lines.append(line)
        self.size_bytes += _original_bytes(line)

    def page(self, position: str) -> LinePage:
        return LinePage(tuple(self.lines), position)


def _original_bytes(line: BackupLine) -> int:
    return line.object.size_bytes if line.object is not None else 0


def check_changes(library: BackupLibrary, manifest: Manifest) -> None:
    """Read all files of changes of a manifest; BackupDamaged if one is damaged, before anything was restored."""
    for file in manifest.change_files:
        for _ in library.lines(file):
            pass


@dataclass(frozen=True, slots=True)
class LaterChanges:
    """What has changed since a manifest, as far as a restore of it must know."""

    deleted_images: frozenset[str]
    """The ids of the images that were deleted since, and not stored again."""
    rows: Mapping[str, BackupLine]
    """The last line of each row that was looked for."""


def later_changes(
    library: BackupLibrary, manifest: Manifest, *, is_looked_for: Callable[[str], bool]
) -> LaterChanges:
    """Read what has changed since a manifest; `is_looked_for` chooses rows by their names.

    Raises BackupDamaged if a later file cannot be read: it may name a deletion.
    """
    deleted: set[str] = set()
    rows: dict[str, BackupLine] = {}
    for line in library.later_lines(manifest):
        if line.image_id is None:
            if is_looked_for(line.entity):
                rows[line.entity] = line
        elif line.is_deletion:
            deleted.add(line.image_id)
        else:
            deleted.discard(line.image_id)
    return LaterChanges(frozenset(deleted), rows)
