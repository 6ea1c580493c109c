"""Finds what is to be imported from a folder: each picture with its attributes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_store_cli.errors import UsageError
from image_store_cli.exports.index import INDEX, read_entries
from image_store_cli.exports.sidecars import SUFFIX, path_of_sidecar, read_sidecar
from image_store_cli.uploads import picture_files
from image_store_cli.uploads.picture_files import BadFile, PictureFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.exports.sidecars import Sidecar

PARTIAL = ".image-store-"
"""Begins the name of a download that was cut off; `--hidden` finds it too."""
FOLDER_GROUP = "folder"
MOST_GROUP_CHARS = 128
"""Of the id of a group in the store."""


@dataclass(frozen=True, slots=True)
class FolderItem:
    """One picture of the folder: its path in the folder with `/`, its attributes, and its sidecar if it has one."""

    picture: PictureFile
    path: str
    attributes: Mapping[str, Any]
    sidecar: Sidecar | None


@dataclass(frozen=True, slots=True)
class FolderContents:
    """What a folder has: pictures to import, files that cannot be imported, and files of other types."""

    items: list[FolderItem]
    bad: list[BadFile]
    skipped: list[str]


def read_folder(
    folder: Path, attributes: Mapping[str, Any], *, folders_as_groups: bool, hidden: bool
) -> FolderContents:
    """Find the pictures of a folder, in the order of their paths; a bad file does not stop the others.

    `attributes` are those that all images get: tags and groups are added to those of a sidecar, others replace them.
    """
    selection = picture_files.find([str(folder)], hidden=hidden)
    contents = FolderContents(
        [], list(selection.bad), [name for name in selection.skipped if not name.endswith(SUFFIX)]
    )
    for picture in selection.pictures:
        if picture.path.name.startswith(PARTIAL):
            continue
        relative = picture.path.relative_to(folder)
        try:
            sidecar = read_sidecar(path_of_sidecar(picture.path))
        except UsageError as wrong:
            contents.bad.append(BadFile(picture.name, wrong))
            continue
        is_in_subfolder = relative.parent != Path()
        groups = (
            [f"{FOLDER_GROUP}:{_group_of(relative.parent)}"] if folders_as_groups and is_in_subfolder else []
        )
        own = {} if sidecar is None else sidecar.attributes
        path = relative.as_posix()
        contents.items.append(FolderItem(picture, path, _merged(own, attributes, groups), sidecar))
    contents.bad.extend(_missing(folder, contents))
    return contents


def _missing(folder: Path, contents: FolderContents) -> list[BadFile]:
    """The files that the index of an export names and the folder does not have, as after a copy that was cut off."""
    present = {item.path for item in contents.items}
    present |= {Path(bad.name).relative_to(folder).as_posix() for bad in contents.bad}
    missing = [entry.file for entry in read_entries(folder / INDEX).values() if entry.file not in present]
    return [
        BadFile(str(folder / file), UsageError(f"{folder / file} is in {INDEX} and not in the folder."))
        for file in sorted(missing)
    ]


def _group_of(folder: Path) -> str:
    name = folder.as_posix()
    return name if len(name) <= MOST_GROUP_CHARS else hashlib.sha256(name.encode()).hexdigest()


def _merged(own: Mapping[str, Any], given: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    """The attributes of a sidecar with those of the command; `tags` and `groups` as the API has them."""
    merged = {**own, **{name: value for name, value in given.items() if name not in {"tags", "groups"}}}
    if tags := list(dict.fromkeys([*own.get("tags", ()), *given.get("tags", ())])):
        merged["tags"] = tags
    by_type = {kind: list(members) for kind, members in own.get("groups", {}).items()}
    more = [f"{kind}:{member}" for kind, members in given.get("groups", {}).items() for member in members]
    for group in (*more, *groups):
        kind, _, member = group.partition(":")
        if member not in by_type.setdefault(kind, []):
            by_type[kind].append(member)
    if by_type:
        merged["groups"] = by_type
    return merged
