"""Decides what a sync copies and what it deletes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from image_store_cli.downloads import safe_name
from image_store_client.media import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A picture in the folder: its path on the command line, and the checksum of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image of the selection."""

    id: str
    filename: str
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """What makes the selection like the folder."""

    uploads: tuple[LocalFile, ...]
    deletions: tuple[StoredImage, ...]
    """Images whose bytes are in no file."""


@dataclass(frozen=True, slots=True)
class DownloadPlan:
    """What makes the folder like the selection."""

    downloads: tuple[tuple[StoredImage, str], ...]
    """Each image with the name of its new file."""
    deletions: tuple[LocalFile, ...]
    """Files whose bytes are in no image."""


def plan_upload(files: Sequence[LocalFile], images: Sequence[StoredImage]) -> UploadPlan:
    """Plan a sync from the folder; files with the same bytes are uploaded once."""
    stored = {image.sha256 for image in images}
    missing: dict[str, LocalFile] = {}
    for file in files:
        if file.sha256 not in stored:
            missing.setdefault(file.sha256, file)
    here = {file.sha256 for file in files}
    return UploadPlan(
        uploads=tuple(missing.values()),
        deletions=tuple(image for image in images if image.sha256 not in here),
    )


def plan_download(
    images: Sequence[StoredImage], files: Sequence[LocalFile], *, names: Iterable[str]
) -> DownloadPlan:
    """Plan a sync into the folder, in which `names` are taken; images with the same bytes are downloaded once.

    A file gets the filename of its image, made safe. If that is taken, the id of the image is added. No file is
    replaced, and a file that is there keeps its name.
    """
    here = {file.sha256 for file in files}
    used_names = {_comparable(name) for name in names}
    downloads: dict[str, tuple[StoredImage, str]] = {}
    for image in images:
        if image.sha256 not in here and image.sha256 not in downloads:
            name = _free_name(image, used_names)
            used_names.add(_comparable(name))
            downloads[image.sha256] = (image, name)
    stored = {image.sha256 for image in images}
    return DownloadPlan(
        downloads=tuple(downloads.values()),
        deletions=tuple(file for file in files if file.sha256 not in stored),
    )


def _free_name(image: StoredImage, used_names: Collection[str]) -> str:
    name = safe_name(image.filename, EXTENSIONS.get(image.content_type, "bin"))
    if _comparable(name) not in used_names:
        return name
    path = PurePath(name)
    return f"{path.stem}-{image.id}{path.suffix}"


def _comparable(name: str) -> str:
    """A name as file systems compare it that ignore case and the form of accents, as that of macOS."""
    return unicodedata.normalize("NFC", name).casefold()
