"""Runs a sync: reads both sides, copies, and deletes."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from image_store_cli.display.texts import plain, plural
from image_store_cli.errors import CommandError, NotOffered, NotSignedIn, RequestRefused, UsageError
from image_store_cli.parallel_work import in_parallel
from image_store_cli.store.error_translation import item_refusal
from image_store_cli.sync.plans import LocalFile, StoredImage
from image_store_cli.uploads import picture_files
from image_store_cli.uploads.uploader import FileDigest, Uploader, read_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from image_store_cli.context import Context
    from image_store_cli.sync.checksums import Checksums
    from image_store_cli.sync.places import ImageSelection
    from image_store_cli.uploads.picture_files import PictureFile
    from image_store_client.schemas import BatchDeleteResult, Card, ImageListFilters

READ, UPLOAD, DOWNLOAD, DELETE = "read", "upload", "download", "delete"
EXISTING = "existing"
"""An upload of bytes that the store had already."""
PAGE = 100
TRASH = ".image-store-trash"
"""The folder in a folder where files go that a sync deletes; it is hidden, so later syncs do not see it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a sync does, or would do: with a file, an image or both."""

    action: str
    path: str | None = None
    image_id: str | None = None
    sha256: str | None = None
    error: CommandError | None = None
    existed: bool = False
    """Whether the store had the image of an upload before."""


class SyncRun:
    """One run of `sync` between a folder and a selection."""

    def __init__(
        self,
        context: Context,
        folder: Path,
        selection: ImageSelection,
        checksums: Checksums,
        *,
        parallel: int,
    ) -> None:
        self.folder = folder
        self.selection = selection
        self.failures: list[CommandError] = []
        self.number_done = 0
        self._context = context
        self._checksums = checksums
        self._parallel = parallel
        self._pictures: dict[str, PictureFile] = {}

    # Both sides ------------------------------------------------------------------------------------------

    def read_files(self, *, hidden: bool) -> list[LocalFile]:
        """The pictures of the folder with their checksums; a file that cannot be read counts as a failure."""
        if not self.folder.is_dir():
            return []
        selection = picture_files.find([str(self.folder)], hidden=hidden)
        for bad in selection.bad:
            self.report(Step(READ, path=bad.name, error=bad.error))
        pictures = [
            each for each in selection.pictures if TRASH not in each.path.relative_to(self.folder).parts
        ]
        self._pictures = {picture.name: picture for picture in pictures}

        def read(picture: PictureFile) -> LocalFile | Step:
            try:
                return LocalFile(picture.name, read_digest(picture.path).sha256)
            except OSError as failed:
                error = UsageError(f"{picture.name} cannot be read: {failed.strerror}.")
                return Step(READ, path=picture.name, error=error)

        files: list[LocalFile] = []
        for result in self._in_parallel("reading files", pictures, read):
            if isinstance(result, Step):
                self.report(result)
            else:
                files.append(result)
        return sorted(files, key=lambda file: file.path)

    def read_images(self) -> list[StoredImage]:
        """The images of the selection with their checksums, the oldest first."""
        filters: ImageListFilters = {**self.selection.filters, "order": "asc"}
        cards = list(self._context.api.images.list(page_size=PAGE, **filters))

        def read(card: Card) -> StoredImage | None:
            try:
                checksum = self._checksums.of(card["id"])
            except RequestRefused as refused:
                if refused.problem.status == 404:  # deleted since it was listed
                    return None
                raise
            return StoredImage(card["id"], card["filename"], card["content_type"], checksum)

        images = [each for each in self._in_parallel("reading checksums", cards, read) if each is not None]
        places = {card["id"]: place for place, card in enumerate(cards)}
        return sorted(images, key=lambda image: places[image.id])

    # Steps -----------------------------------------------------------------------------------------------

    def upload(self, files: Sequence[LocalFile]) -> None:
        """Upload files into the selection; an image that has the bytes already is brought into it."""
        attributes = {**self.selection.attributes, "on_duplicate": "return_existing"}
        uploader = Uploader(self._context.api, attributes)

        def upload(file: LocalFile) -> Step:
            picture = self._pictures[file.path]
            try:
                digest = FileDigest(picture.path.stat().st_size, file.sha256)
                image = uploader.upload(picture, digest, advance=lambda _: None)
                image_id = str(image["id"])
                if self.selection.changes_of(image):
                    self._context.api.images.update(image_id, self.selection.changes_of)
            except CommandError as failed:
                return Step(UPLOAD, path=file.path, sha256=file.sha256, error=failed)
            except OSError as failed:
                error = UsageError(f"{file.path} cannot be read: {failed.strerror}.")
                return Step(UPLOAD, path=file.path, sha256=file.sha256, error=error)
            self._checksums.keep(image_id, file.sha256)
            existed: bool = image["existed"]
            return Step(UPLOAD, path=file.path, image_id=image_id, sha256=file.sha256, existed=existed)

        self._report_all(self._in_parallel("uploading", files, upload))

    def download(self, downloads: Sequence[tuple[StoredImage, str]]) -> None:
        """Download images as new files of the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as failed:
            raise UsageError(f"{self.folder} cannot be created: {failed.strerror}.") from failed

        def download(each: tuple[StoredImage, str]) -> Step:
            image, name = each
            path = self.folder / name
            error: CommandError | None = None
            try:
                self._context.api.images.download(image.id, path)
            except CommandError as failed:
                error = failed
            except OSError as failed:
                error = UsageError(f"{path} cannot be written: {failed.strerror or failed}.")
            return Step(DOWNLOAD, str(path), image.id, image.sha256, error)

        self._report_all(self._in_parallel("downloading", downloads, download))

    def delete_images(self, images: Sequence[StoredImage]) -> None:
        """Move images to the trash of the store."""
        by_id = {image.id: image for image in images}

        def report(result: BatchDeleteResult) -> None:
            for image_id in result["successful"]:
                self.report(Step(DELETE, image_id=image_id, sha256=by_id[image_id].sha256))
            for failed in result["failed"]:
                self.report(Step(DELETE, image_id=failed["id"], error=item_refusal(failed["error"])))

        self._context.api.images.delete_many(by_id, on_progress=report)

    def delete_files(self, files: Sequence[LocalFile]) -> None:
        """Move files into the trash folder, with the folders that they are in."""
        for file in files:
            path = self._pictures[file.path].path
            target = self.folder / TRASH / path.relative_to(self.folder)
            error = None
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                if os.path.lexists(target):
                    target = target.with_stem(f"{target.stem}-{file.sha256[:16]}")
                path.rename(target)
            except OSError as failed:
                error = UsageError(f"{path} cannot be moved to {target}: {failed.strerror}.")
            self.report(Step(DELETE, path=file.path, sha256=file.sha256, error=error))

    def _report_all(self, steps: Generator[Step]) -> None:
        """Report steps as they are finished; an error that ends the sync also cancels the steps that have not begun."""
        with closing(steps):
            for step in steps:
                self.report(step)

    def report(self, step: Step, *, dry_run: bool = False) -> None:
        """Print one step, and count it; a missing token or route ends the sync."""
        if isinstance(step.error, NotSignedIn | NotOffered):
            raise step.error
        out = self._context.out
        subject = "  ".join(plain(text) for text in (step.path, step.image_id) if text)
        if step.error is not None:
            self.failures.append(step.error)
        elif not dry_run:
            self.number_done += 1
        if out.as_json:
            body = {
                "action": step.action,
                "path": step.path,
                "id": step.image_id,
                "sha256": step.sha256,
                "dry_run": dry_run,
            }
            if step.action == UPLOAD and not dry_run and step.error is None:
                body["existed"] = step.existed
            out.line(body | ({"error": step.error.body()} if step.error else {}), None)
        elif step.error is not None:
            out.errors.print(
                Text(f"failed    {subject}  {plain(step.error.message)}", style="red"), soft_wrap=True
            )
        else:
            action = EXISTING if step.existed else step.action
            out.line(None, Text(f"{'would ' if dry_run else ''}{action:8}  {subject}"))

    def _in_parallel[T, R](
        self, description: str, items: Sequence[T], work: Callable[[T], R]
    ) -> Generator[R]:
        number = len(items)
        return in_parallel(
            self._context,
            f"{description} ({plural(number, 'picture')})",
            items,
            work,
            parallel=self._parallel,
            total=number,
        )
