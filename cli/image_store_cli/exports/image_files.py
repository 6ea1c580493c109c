"""Writes the files of one image, as the protocol of this package says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from image_store_cli.command_line.ids import safe_id
from image_store_cli.downloads import extension_of
from image_store_cli.errors import RequestRefused
from image_store_cli.exports.index import IndexEntry
from image_store_cli.exports.places import ORIGINAL, check_folders, place_of
from image_store_cli.exports.sidecars import TRASHED, ExportedFile, path_of_sidecar, sidecar_of, text_of
from image_store_cli.uploads.uploader import read_digest
from image_store_client.downloads import whole_file
from image_store_client.media import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.exports.index import ExportIndex
    from image_store_client import ImageStore
    from image_store_client.schemas import Image

EXPORTED, UPDATED, UNCHANGED, GONE = "exported", "updated", "unchanged", "gone"


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """What was done for an image, or in a dry run would be."""

    status: str
    path: Path | None = None
    bytes_transferred: int = 0
    owner_id: str | None = None


class ImageFiles:
    """The files of images in one folder; safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        entries: Mapping[str, IndexEntry],
        *,
        rendition: str,
        with_owners: bool,
        include_trashed: bool,
    ) -> None:
        self._folder = folder
        self._entries = entries
        self._rendition = rendition
        self._with_owners = with_owners
        self._include_trashed = include_trashed

    def write(self, store: ImageStore, image_id: str, index: ExportIndex) -> ImageOutcome:
        """Bring the files of an image up to date, and add its line to the index.

        Only what differs is transferred: the record if its version is another one, the bytes if they are not there.
        Raises CommandError, and OSError if the disk takes no more. Repeating it does no harm.
        """
        entry = self._intact_entry(image_id)
        image, etag = self._read(store, image_id, entry)
        if image is None:
            return _without_change(entry, etag)
        place = PurePosixPath(entry.file) if entry else self._place_of(store, image)
        path = self._folder / place
        check_folders(self._folder, place)
        transferred = 0
        if entry is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not self._has_bytes_of(image, path):
                preset = None if self._rendition == ORIGINAL else self._rendition
                store.images.download(image_id, path, preset=preset, overwrite=True)
                transferred = path.stat().st_size
            digest = read_digest(path)
            file = ExportedFile(self._rendition, digest.size, digest.sha256)
        else:
            file = ExportedFile(self._rendition, entry.size_bytes, entry.sha256)
        with whole_file(path_of_sidecar(path), overwrite=True) as sidecar:
            sidecar.write(text_of(sidecar_of(image, file, with_owner=self._with_owners)))
        index.note(
            IndexEntry(
                id=image["id"],
                store=store.url,
                owner_id=image["owner_id"],
                created_at=image["created_at"],
                etag=etag,
                rendition=self._rendition,
                file=str(place),
                size_bytes=file.size_bytes,
                sha256=file.sha256,
            )
        )
        return ImageOutcome(UPDATED if entry else EXPORTED, path, transferred, image["owner_id"])

    def plan(self, store: ImageStore, image_id: str) -> ImageOutcome:
        """What `write` would do; the bytes of a rendition are unknown before it is downloaded, and count as 0."""
        entry = self._intact_entry(image_id)
        image, etag = self._read(store, image_id, entry)
        if image is None:
            return _without_change(entry, etag)
        if entry is not None:
            return ImageOutcome(UPDATED, self._folder / entry.file, 0, image["owner_id"])
        path = self._folder / self._place_of(store, image)
        is_there = self._rendition != ORIGINAL or self._has_bytes_of(image, path)
        return ImageOutcome(EXPORTED, path, 0 if is_there else image["size_bytes"], image["owner_id"])

    def delete(self, entry: IndexEntry) -> None:
        """Delete the files of an image, the sidecar last; OSError if they cannot be deleted."""
        place = PurePosixPath(entry.file)
        check_folders(self._folder, place)
        path = self._folder / place
        path.unlink(missing_ok=True)
        path_of_sidecar(path).unlink(missing_ok=True)
        with suppress(OSError):  # other images are in the folder
            for parent in list(place.parents)[:-1]:
                (self._folder / parent).rmdir()

    def _intact_entry(self, image_id: str) -> IndexEntry | None:
        """The entry of an image if its files are there, and the file has its size."""
        entry = self._entries.get(image_id)
        if entry is None:
            return None
        path = self._folder / entry.file
        try:
            is_intact = path.stat().st_size == entry.size_bytes and path_of_sidecar(path).is_file()
        except OSError:
            return None
        return entry if is_intact else None

    def _read(self, store: ImageStore, image_id: str, entry: IndexEntry | None) -> tuple[Image | None, str]:
        """An image and its ETag; no image if it has the version of the entry, no ETag if it is not to be exported.

        That is if it is gone, or in the trash and the trash is left out.
        """
        try:
            if entry is None:
                version = store.images.get_version(safe_id(image_id))
            else:
                newer = store.images.get_newer_version(safe_id(image_id), entry.etag)
                if newer is None:
                    return None, entry.etag
                version = newer
        except RequestRefused as refused:
            if refused.problem.status == 404:  # deleted since it was listed
                return None, ""
            raise
        if version.image["status"] == TRASHED and not self._include_trashed:
            return None, ""
        return version.image, version.etag

    def _place_of(self, store: ImageStore, image: Image) -> PurePosixPath:
        extension: str | None = EXTENSIONS.get(image["content_type"])
        if self._rendition != ORIGINAL:
            file = image["renditions"].get(self._rendition)
            if file is None:
                extension = extension_of(store.images.content_link(image["id"], preset=self._rendition))
            else:
                extension = EXTENSIONS.get(file["content_type"])
        return place_of(image, self._rendition, extension or "bin", with_owner=self._with_owners)

    def _has_bytes_of(self, image: Image, path: Path) -> bool:
        """Whether a file has the bytes of the original, as after a kill or without the index."""
        if self._rendition != ORIGINAL or path.is_symlink() or not path.is_file():
            return False
        return path.stat().st_size == image["size_bytes"] and read_digest(path).sha256 == image["sha256"]


def _without_change(entry: IndexEntry | None, etag: str) -> ImageOutcome:
    if etag and entry is not None:
        return ImageOutcome(UNCHANGED, owner_id=entry.owner_id)
    return ImageOutcome(GONE)
