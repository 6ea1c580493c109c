"""Runs an export: takes images as they are listed, reports each, and deletes the files of those that are gone."""

from __future__ import annotations

import errno
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.display.texts import plain, plural, size
from image_store_cli.errors import CommandError, NotOffered, NotSignedIn, RequestRefused, UsageError
from image_store_cli.exports.image_files import EXPORTED, GONE, UNCHANGED, UPDATED
from image_store_cli.parallel_work import in_parallel
from image_store_cli.store.each import outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_cli.exports.image_files import ImageFiles
    from image_store_cli.exports.index import ExportIndex, IndexEntry
    from image_store_client import ImageStore
    from image_store_client.schemas import Card

DELETED, FAILED = "deleted", "failed"
LEFTOVERS = ".image-store-*.part"
STOPS_ALL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""A full disk, a used-up quota, a disk that cannot be written: the next image would fail too."""


class DiskRefuses(UsageError):
    """The disk takes no more."""

    code = "disk_refuses"


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The result of one image, or in a dry run what it would be."""

    image_id: str
    status: str
    path: str | None = None
    bytes_transferred: int = 0
    owner_id: str | None = None
    error: CommandError | None = None

    def body(self, *, dry_run: bool) -> dict[str, Any]:
        """The result as a line of JSON."""
        body = {
            "id": self.image_id,
            "status": self.status,
            "path": self.path,
            "bytes_transferred": self.bytes_transferred,
            "dry_run": dry_run,
        }
        return body | ({"error": self.error.body()} if self.error else {})


class ExportRun:
    """One run of `export` into a folder; `index` is None in a dry run, which writes nothing."""

    def __init__(
        self, context: Context, folder: Path, files: ImageFiles, index: ExportIndex | None, *, parallel: int
    ) -> None:
        self._context = context
        self._folder = folder
        self._files = files
        self._index = index
        self._parallel = parallel
        self._counts = dict.fromkeys((EXPORTED, UPDATED, UNCHANGED, DELETED, FAILED), 0)
        self._bytes = 0
        self._failures: list[CommandError] = []
        self._seen: set[str] = set()
        self._owners: dict[tuple[str, str], ImageStore] = {}
        """How each owner's images are read of whom this run has seen one, by store and owner."""

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a run that was killed; the lock says that no other export writes here."""
        for path in self._folder.rglob(LEFTOVERS):
            with suppress(OSError):  # a leftover harms nothing
                path.unlink()

    def export(self, store: ImageStore, cards: Iterable[Card]) -> None:
        """Export images as they are listed. A failure is printed and the others continue, unless the disk is full."""

        def write(card: Card) -> ExportResult:
            return self._try_export(store, card["id"])

        results = in_parallel(self._context, "exporting images", cards, write, parallel=self._parallel)
        with closing(results):
            for result in results:
                if result.owner_id is not None:
                    self._owners[store.url, result.owner_id] = store
                self._report(result)

    def find_gone(self, entries: Iterable[IndexEntry]) -> list[IndexEntry]:
        """The images of the folder that the store does not have any more; those in the trash are not gone.

        Only images of this store and of owners whose images this caller sees can be told from images of others, so
        the rest of the folder is never gone. Nothing is gone after a failure.
        """
        others = [each for each in entries if each.id not in self._seen]
        if self._failures:
            if others:
                self._context.out.note("Nothing was deleted, because something failed.")
            return []
        own = [each for each in others if (each.store, each.owner_id) in self._owners]
        if len(own) < len(others):
            self._context.out.note(
                f"{plural(len(others) - len(own), 'image')} of another store or owner stay: "
                "nobody can tell here whether they are gone."
            )

        def is_gone(entry: IndexEntry) -> tuple[IndexEntry, bool]:
            return entry, not _exists(self._owners[entry.store, entry.owner_id], entry.id)

        results = in_parallel(
            self._context, "looking for deleted images", own, is_gone, parallel=self._parallel, total=len(own)
        )
        with closing(results):
            return sorted((entry for entry, gone in results if gone), key=lambda entry: entry.id)

    def delete(self, entries: Sequence[IndexEntry]) -> None:
        """Delete the files of images; in a dry run only report them."""
        for entry in entries:
            error = None
            if self._index is not None:
                try:
                    self._files.delete(entry)
                    self._index.remove(entry.id)
                except CommandError as failed:
                    error = failed
                except OSError as failed:
                    error = UsageError(f"{entry.file} cannot be deleted: {failed.strerror or failed}.")
            status = DELETED if error is None else FAILED
            self._report(ExportResult(entry.id, status, str(self._folder / entry.file), error=error))

    def end(self) -> Exit:
        """Print the summary, and return the exit code."""
        parts = [f"{number} {status}" for status, number in self._counts.items() if number]
        total = sum(self._counts.values())
        would = "would be " if self._index is None else ""
        note = self._context.out.note
        note(
            f"{plural(total, 'image')}: {', '.join(parts) or 'none'}; {size(self._bytes)} {would}transferred."
        )
        if any(failure.may_pass for failure in self._failures):
            note("Repeat the command to retry those that failed.")
        return outcome(self._failures, of=total)

    def _try_export(self, store: ImageStore, image_id: str) -> ExportResult:
        """Export one image in a thread; its failure is its result."""
        try:
            if self._index is None:
                done = self._files.plan(store, image_id)
            else:
                done = self._files.write(store, image_id, self._index)
        except CommandError as failed:
            return ExportResult(image_id, FAILED, error=failed)
        except OSError as failed:
            kind = DiskRefuses if failed.errno in STOPS_ALL else UsageError
            place = failed.filename or self._folder
            return ExportResult(
                image_id, FAILED, error=kind(f"{place} cannot be written: {failed.strerror or failed}.")
            )
        path = str(done.path) if done.path else None
        return ExportResult(image_id, done.status, path, done.bytes_transferred, done.owner_id)

    def _report(self, result: ExportResult) -> None:
        if isinstance(result.error, NotSignedIn | NotOffered | DiskRefuses):
            raise result.error
        if result.status == GONE:
            return
        self._seen.add(result.image_id)
        self._counts[result.status] += 1
        self._bytes += result.bytes_transferred
        if result.status == UNCHANGED:
            return
        dry_run, out = self._index is None, self._context.out
        subject = plain("  ".join(filter(None, (result.image_id, result.path))))
        if result.error is not None:
            self._failures.append(result.error)
        if result.error is not None and not out.as_json:
            out.errors.print(
                Text(f"failed    {subject}  {plain(result.error.message)}", style="red"), soft_wrap=True
            )
            return
        would = "would be " if dry_run else ""
        out.line(result.body(dry_run=dry_run), Text(f"{would}{result.status:8}  {subject}"))


def _exists(store: ImageStore, image_id: str) -> bool:
    try:
        store.images.get(image_id)
    except RequestRefused as refused:
        if refused.problem.status == 404:
            return False
        raise
    return True
