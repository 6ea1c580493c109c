"""Uploads many pictures in parallel, prints each result, and writes the journal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from image_store_cli.display.texts import plain, plural, size
from image_store_cli.errors import CommandError, NotOffered, NotSignedIn, UsageError
from image_store_cli.exits import Exit
from image_store_cli.store.each import outcome
from image_store_cli.uploads.journal import BEGUN, STORED, Entry
from image_store_cli.uploads.uploader import FileDigest, read_digest
from image_store_client.uploads.upload import IN_REQUEST_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from image_store_cli.context import Context
    from image_store_cli.uploads.journal import Journal
    from image_store_cli.uploads.picture_files import BadFile, PictureFile
    from image_store_cli.uploads.remote_pictures import RemotePicture
    from image_store_cli.uploads.uploader import Uploader

CLOCKS_DIFFER = timedelta(seconds=2)
OTHERS = (
    "Some pictures were stored before with other attributes, which stay as they are. "
    "To store these pictures again, use --on-duplicate keep."
)
NEW, EXISTING, RESUMED, FAILED = "stored", "existing", "resumed", "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one picture."""

    name: str
    status: str
    size: int = 0
    sha256: str | None = None
    image: Mapping[str, Any] | None = None
    error: CommandError | None = None

    def body(self) -> dict[str, Any]:
        """The result as a line of JSON."""
        image = self.image or {}
        body = {
            "path": self.name,
            "status": self.status,
            "id": image.get("id"),
            "sha256": self.sha256,
            "size_bytes": self.size,
            "url": image.get("url"),
            "public_url": image.get("public_url"),
        }
        return body | ({"error": self.error.body()} if self.error else {})


class UploadRun:
    """One run of `upload`."""

    def __init__(self, context: Context, uploader: Uploader, journal: Journal, *, parallel: int) -> None:
        self._context = context
        self._uploader = uploader
        self._journal = journal
        self._parallel = parallel
        self._started = datetime.now(UTC)

    def run(
        self, pictures: list[PictureFile], bad: Sequence[BadFile] = (), remote: Sequence[RemotePicture] = ()
    ) -> Exit:
        """Upload all pictures. A failure is printed and the others continue, unless the token is missing or refused.

        The `bad` files cannot be uploaded: they are printed first, and count as failed. The store gets the bytes of
        `remote` pictures itself.
        """
        context = self._context
        if not pictures and not bad and not remote:
            self._journal.remove()
            context.out.note("There is nothing to upload.")
            return Exit.OK
        results = [self._report(Result(each.name, FAILED, error=each.error)) for each in bad]
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        total = sum(_size(picture.path) for picture in pictures)
        with context.out.progress(*columns) as progress, ThreadPoolExecutor(self._parallel) as pool:
            number = plural(len(bad) + len(pictures) + len(remote), "picture")
            whole = progress.add_task(f"{len(bad)} of {number}", total=total)
            try:
                futures = [pool.submit(self._try_upload, picture, progress, whole) for picture in pictures]
                futures += [pool.submit(self._try_remote, picture) for picture in remote]
                for future in as_completed(futures):
                    results.append(self._report(future.result()))
                    progress.update(whole, description=f"{len(results)} of {number}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # running uploads may end
                context.out.note("Stopped. Repeat the command to resume.")
                raise
        return self._end(results)

    def _report(self, result: Result) -> Result:
        if isinstance(result.error, NotSignedIn | NotOffered):
            raise result.error
        out, name = self._context.out, plain(result.name)
        if result.error is not None and not out.as_json:
            out.errors.print(
                Text(f"failed  {name}  {plain(result.error.message)}", style="red"), soft_wrap=True
            )
        else:
            image_id = (result.image or {}).get("id", "")
            out.line(result.body(), Text(f"{result.status:8}  {image_id}  {name}"))
        return result

    def _end(self, results: list[Result]) -> Exit:
        failures = [result.error for result in results if result.error is not None]
        parts = [
            f"{number} {status}"
            for status in (NEW, EXISTING, RESUMED, FAILED)
            if (number := sum(result.status == status for result in results))
        ]
        if not all(
            self._uploader.has_given_attributes(result.image)
            for result in results
            if result.status == EXISTING
        ):
            self._context.out.note(OTHERS)
        sent = sum(result.size for result in results if result.status == NEW)
        self._context.out.note(f"{plural(len(results), 'picture')}: {', '.join(parts)}; {size(sent)} sent.")
        if any(failure.may_pass for failure in failures):
            self._context.out.note("Repeat the command to retry those that failed.")
        if not failures:
            self._journal.remove()
        return outcome(failures, of=len(results))

    def _try_upload(self, picture: PictureFile, progress: Progress, whole: TaskID) -> Result:
        """Upload one picture in a thread; its failure is its result."""

        def advance(count: int) -> None:
            progress.advance(whole, count)

        try:
            return self._upload(picture, advance)
        except CommandError as failed:
            return Result(picture.name, FAILED, error=failed)
        except OSError as failed:
            return Result(
                picture.name, FAILED, error=UsageError(f"The file cannot be read: {failed.strerror}.")
            )

    def _try_remote(self, picture: RemotePicture) -> Result:
        """Have the store fetch one picture; its failure is its result."""
        try:
            image = picture.store(self._context.api)
        except CommandError as failed:
            return Result(picture.url, FAILED, error=failed)
        return Result(picture.url, self._status_of(image), int(image["size_bytes"]), image["sha256"], image)

    def _upload(self, picture: PictureFile, advance: Any) -> Result:
        stat = picture.path.stat()
        key = str(picture.path.absolute())
        entry = self._journal.entries.get(key)
        if entry is not None and not entry.is_of(stat):
            entry = None
        if entry is not None and entry.state == STORED and entry.id:
            earlier = self._uploader.stored_image(entry.id)
            if earlier is not None:
                advance(stat.st_size)
                return Result(picture.name, RESUMED, entry.size, entry.sha256, earlier)
        digest = FileDigest(entry.size, entry.sha256) if entry else read_digest(picture.path)

        def note(state: str, image_id: str | None) -> None:
            self._journal.note(Entry(key, digest.size, stat.st_mtime_ns, digest.sha256, state, image_id))

        if digest.size > IN_REQUEST_BYTES:
            note(BEGUN, None)  # so that the repeated command need not read a large file for its checksum
        image = self._uploader.upload(picture, digest, advance=advance)
        note(STORED, str(image["id"]))
        return Result(picture.name, self._status_of(image), digest.size, digest.sha256, image)

    def _status_of(self, image: Mapping[str, Any]) -> str:
        """Whether an image is new. One existed if the store says so, or if it is older than this run by its clock."""
        started = self._started + self._context.api.ahead
        is_older = datetime.fromisoformat(image["created_at"]) < started - CLOCKS_DIFFER
        return EXISTING if image["existed"] or is_older else NEW


def _size(path: Path) -> int:
    """Return the size of a file for the progress display; 0 if it is missing, which its upload will report."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
