"""Runs the import of a folder: uploads what the store does not have, and reports each picture."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from image_store_cli.command_line.ids import is_id, safe_id
from image_store_cli.display.texts import plain, plural, size
from image_store_cli.errors import Broken, CommandError, NotOffered, NotSignedIn, RequestRefused, UsageError
from image_store_cli.folder_imports.id_map import write_map
from image_store_cli.parallel_work import in_parallel
from image_store_cli.store.each import outcome
from image_store_cli.uploads.journal import BEGUN, STORED, Entry
from image_store_cli.uploads.uploader import FileDigest, Uploader, read_digest
from image_store_client.uploads.upload import IN_REQUEST_BYTES

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from image_store_cli.context import Context
    from image_store_cli.exits import Exit
    from image_store_cli.folder_imports.folder_items import FolderItem
    from image_store_cli.uploads.journal import Journal
    from image_store_cli.uploads.picture_files import BadFile
    from image_store_client import ImageStore
    from image_store_client.schemas import Image, ImagePatch

IMPORTED, EXISTING, EXPIRED, FAILED = "imported", "existing", "expired", "failed"
LEFT_OUT = "left out"
"""The status of an image of the trash without `--include-trashed`."""
KEEP, RETURN_EXISTING = "keep", "return_existing"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of one picture, or in a dry run what it would be."""

    path: str
    status: str
    size_bytes: int = 0
    old_id: str | None = None
    image_id: str | None = None
    error: CommandError | None = None

    def body(self, *, dry_run: bool) -> dict[str, Any]:
        """The result as a line of JSON."""
        body = {
            "path": self.path,
            "status": self.status,
            "size_bytes": self.size_bytes,
            "old_id": self.old_id,
            "id": self.image_id,
            "dry_run": dry_run,
        }
        return body | ({"error": self.error.body()} if self.error else {})


class ImportRun:
    """One run of `import folder`."""

    def __init__(
        self,
        context: Context,
        journal: Journal,
        *,
        on_duplicate: str | None,
        keep_owners: bool,
        include_trashed: bool,
        parallel: int,
    ) -> None:
        self._context = context
        self._journal = journal
        self._on_duplicate = on_duplicate
        self._keep_owners = keep_owners
        self._include_trashed = include_trashed
        self._parallel = parallel
        self._results: list[ImportResult] = []
        self._keeps_dates = True
        """False once the store has said that the caller is no admin."""

    def run(self, items: Sequence[FolderItem], bad: Sequence[BadFile], *, dry_run: bool) -> Exit:
        """Import all pictures. A failure is printed and the others continue, unless the token is missing or refused."""
        for each in bad:
            self._report(ImportResult(each.name, FAILED, error=each.error), dry_run=dry_run)
        work = self._plan if dry_run else self._try_import
        description = f"{'looking at' if dry_run else 'importing'} {plural(len(items), 'picture')}"
        with closing(
            in_parallel(self._context, description, items, work, parallel=self._parallel, total=len(items))
        ) as results:
            for result in results:
                self._report(result, dry_run=dry_run)
        return self._end(dry_run=dry_run)

    def write_map(self, path: Path, items: Sequence[FolderItem]) -> None:
        """Write the map of all pictures that have an image, also those of earlier runs."""
        rows = [
            ((item.sidecar.image_id if item.sidecar else None) or "", entry.id, entry.sha256, item.path)
            for item in items
            if (entry := self._journal.entries.get(item.path)) is not None and entry.id
        ]
        write_map(path, rows)

    def _plan(self, item: FolderItem) -> ImportResult:
        """What an import would do, without a request that changes something."""
        old_id = item.sidecar.image_id if item.sidecar else None
        try:
            stat = item.picture.path.stat()
            if (reason := self._reason_to_skip(item)) is not None:
                return ImportResult(item.path, reason, stat.st_size, old_id)
            if (image_id := self._known(item, stat)) is not None:
                return ImportResult(item.path, EXISTING, stat.st_size, old_id, image_id)
            self._checked_digest(item)
            if (origin := self._origin(item)) is not None:
                return ImportResult(item.path, EXISTING, stat.st_size, old_id, str(origin["id"]))
        except CommandError as failed:
            return ImportResult(item.path, FAILED, old_id=old_id, error=failed)
        except OSError as failed:
            return ImportResult(item.path, FAILED, old_id=old_id, error=_unreadable(item, failed))
        return ImportResult(item.path, IMPORTED, stat.st_size, old_id)

    def _try_import(self, item: FolderItem) -> ImportResult:
        """Import one picture in a thread; its failure is its result."""
        old_id = item.sidecar.image_id if item.sidecar else None
        try:
            return self._import(item, old_id)
        except CommandError as failed:
            return ImportResult(item.path, FAILED, old_id=old_id, error=failed)
        except OSError as failed:
            return ImportResult(item.path, FAILED, old_id=old_id, error=_unreadable(item, failed))

    def _import(self, item: FolderItem, old_id: str | None) -> ImportResult:
        stat = item.picture.path.stat()
        if (reason := self._reason_to_skip(item)) is not None:
            return ImportResult(item.path, reason, stat.st_size, old_id)
        if (image_id := self._known(item, stat)) is not None:
            return ImportResult(item.path, EXISTING, stat.st_size, old_id, image_id)
        digest = self._checked_digest(item)

        def note(state: str, image_id: str | None) -> None:
            self._journal.note(
                Entry(item.path, digest.size, stat.st_mtime_ns, digest.sha256, state, image_id)
            )

        if (origin := self._origin(item)) is not None:
            if not _is_trashed(item):
                self._add_to(item, origin)
            note(STORED, str(origin["id"]))
            return ImportResult(item.path, EXISTING, digest.size, old_id, str(origin["id"]))
        if digest.size > IN_REQUEST_BYTES:
            note(BEGUN, None)  # so that the repeated command need not read a large file for its checksum
        image = self._upload(item, digest)
        if _is_trashed(item):
            self._store_of(item).images.delete(str(image["id"]))  # before it counts as done
        note(STORED, str(image["id"]))
        status = EXISTING if image["existed"] else IMPORTED
        return ImportResult(item.path, status, digest.size, old_id, str(image["id"]))

    def _reason_to_skip(self, item: FolderItem) -> str | None:
        if _has_expired(item):
            return EXPIRED
        return LEFT_OUT if _is_trashed(item) and not self._include_trashed else None

    def _known(self, item: FolderItem, stat: os.stat_result) -> str | None:
        """The image that an earlier run stored of this picture, if the store still has it."""
        entry = self._journal.entries.get(item.path)
        if entry is None or entry.state != STORED or entry.id is None or not entry.is_of(stat):
            return None
        stored = self._uploader(item).stored_image(safe_id(entry.id))
        return None if stored is None else str(stored["id"])

    def _origin(self, item: FolderItem) -> Image | None:
        """The image that the picture was exported from, if this store still has it; None if copies are wanted."""
        sidecar = item.sidecar
        if sidecar is None or sidecar.image_id is None or self._on_duplicate is not None:
            return None
        if (
            not is_id(sidecar.image_id) or sidecar.file_sha256 is None
        ):  # the file may have been changed on purpose
            return None
        image = self._uploader(item).stored_image(sidecar.image_id)
        return image if image is not None and image["sha256"] == sidecar.sha256 else None

    def _checked_digest(self, item: FolderItem) -> FileDigest:
        """The checksum of a file; Broken if it is not the one of its sidecar."""
        entry = self._journal.entries.get(item.path)
        if entry is not None and entry.is_of(item.picture.path.stat()):
            digest = FileDigest(entry.size, entry.sha256)
        else:
            digest = read_digest(item.picture.path)
        expected = item.sidecar.file_sha256 if item.sidecar else None
        if expected is not None and expected != digest.sha256:
            raise Broken(
                f"{item.picture.name} has other bytes than its sidecar says: it is damaged, or was changed. "
                "Export it again; or delete `sha256` of `file` in the sidecar to import it as it is."
            )
        return digest

    def _uploader(self, item: FolderItem) -> Uploader:
        default = RETURN_EXISTING if item.sidecar is None else KEEP
        attributes = {**item.attributes, "on_duplicate": self._on_duplicate or default}
        if _is_trashed(item):
            # Never an image that somebody uses, and never public until it is in the trash.
            attributes |= {"on_duplicate": KEEP, "visibility": "private"}
        if item.sidecar is not None and item.sidecar.created_at is not None and self._keeps_dates:
            attributes["created_at"] = item.sidecar.created_at
        return Uploader(self._store_of(item), attributes, or_trashed=_is_trashed(item))

    def _store_of(self, item: FolderItem) -> ImageStore:
        """The store, for the owner of the sidecar on request."""
        owner = item.sidecar.owner if item.sidecar and self._keep_owners else None
        return self._context.api if owner is None else self._context.api.as_owner(owner)

    def _upload(self, item: FolderItem, digest: FileDigest) -> Mapping[str, Any]:
        try:
            image = self._send(item, digest)
        except RequestRefused as refused:
            if refused.problem.code != "admin_required":
                raise
            self._keeps_dates = False
            image = self._send(item, digest)
        if image["existed"]:
            self._add_to(item, image)
        return image

    def _add_to(self, item: FolderItem, image: Mapping[str, Any] | Image) -> None:
        """Give an image that was there the tags and groups of the picture."""
        if _additions(item, image):
            self._store_of(item).images.update(str(image["id"]), lambda current: _additions(item, current))

    def _send(self, item: FolderItem, digest: FileDigest) -> Mapping[str, Any]:
        # By its path in the folder, so that the idempotency key is the same wherever the folder is.
        picture = item.picture.renamed(item.path)
        return self._uploader(item).upload(picture, digest, advance=lambda _: None)

    def _report(self, result: ImportResult, *, dry_run: bool) -> None:
        if isinstance(result.error, NotSignedIn | NotOffered):
            raise result.error
        self._results.append(result)
        out, path = self._context.out, plain(result.path)
        if result.error is not None and not out.as_json:
            out.errors.print(
                Text(f"failed  {path}  {plain(result.error.message)}", style="red"), soft_wrap=True
            )
            return
        would = "would be " if dry_run else ""
        subject = "  ".join(filter(None, (result.image_id, path)))
        out.line(result.body(dry_run=dry_run), Text(f"{would}{result.status:8}  {subject}"))

    def _end(self, *, dry_run: bool) -> Exit:
        failures = [result.error for result in self._results if result.error is not None]
        counts = {
            status: [result for result in self._results if result.status == status]
            for status in (IMPORTED, EXISTING, EXPIRED, LEFT_OUT, FAILED)
        }
        parts = [f"{len(some)} {status}" for status, some in counts.items() if some]
        sent = sum(result.size_bytes for result in counts[IMPORTED])
        would = "would be " if dry_run else ""
        note = self._context.out.note
        note(
            f"{plural(len(self._results), 'picture')}: {', '.join(parts) or 'none'}; {size(sent)} {would}sent."
        )
        if counts[LEFT_OUT]:
            note("Images of the trash were left out: --include-trashed imports them into the trash.")
        if not self._keeps_dates:
            note("The images have the date of this import: only admins can keep that of the export.")
        if any(failure.may_pass for failure in failures):
            note("Repeat the command to retry those that failed.")
        return outcome(failures, of=len(self._results))


def _additions(item: FolderItem, image: Mapping[str, Any] | Image) -> ImagePatch:
    """The merge patch that gives an existing image the tags and groups of the picture; empty if it has them."""
    patch: ImagePatch = {}
    tags = list(image.get("tags", ()))
    if more := [tag for tag in item.attributes.get("tags", ()) if tag not in tags]:
        patch["tags"] = [*tags, *more]
    groups: dict[str, list[str] | None] = {}
    for kind, members in item.attributes.get("groups", {}).items():
        present = list(image.get("groups", {}).get(kind, ()))
        if others := [member for member in members if member not in present]:
            groups[kind] = [*present, *others]
    if groups:
        patch["groups"] = groups
    return patch


def _is_trashed(item: FolderItem) -> bool:
    return item.sidecar is not None and item.sidecar.is_trashed


def _has_expired(item: FolderItem) -> bool:
    """Whether the image has expired since it was exported: the store would refuse it."""
    text = item.attributes.get("expires_at")
    if text is None:
        return False
    try:
        expiry = datetime.fromisoformat(text)
    except ValueError:
        return False  # the store says what is wrong
    return expiry <= datetime.now(UTC) if expiry.tzinfo else False


def _unreadable(item: FolderItem, failed: OSError) -> UsageError:
    return UsageError(f"{item.picture.name} cannot be read: {failed.strerror or failed}.")
