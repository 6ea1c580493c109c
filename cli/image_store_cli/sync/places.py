"""The two sides of a sync: a folder, and a selection of images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from image_store_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_client.schemas import ImageListFilters, ImagePatch

GROUP, TAG, ALL = "group", "tag", "all"
FORMS = "group:TYPE:ID, tag:TAG or all:"


@dataclass(frozen=True, slots=True)
class ImageSelection:
    """Images of the caller: those of a group, those with a tag, or all."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @property
    def filters(self) -> ImageListFilters:
        """The filter of the list of images."""
        return cast("ImageListFilters", {} if self.kind == ALL else {self.kind: self.value})

    @property
    def attributes(self) -> dict[str, list[str]]:
        """The attributes of an upload that belongs to the selection."""
        return {} if self.kind == ALL else {self.kind: [self.value]}

    def changes_of(self, image: Mapping[str, Any]) -> ImagePatch:
        """The merge patch that brings an image into the selection; empty if it is there."""
        if self.kind == TAG:
            tags = list(image.get("tags", ()))
            return {} if self.value in tags else {"tags": [*tags, self.value]}
        if self.kind == GROUP:
            group_type, _, name = self.value.partition(":")
            members = list(image.get("groups", {}).get(group_type, ()))
            return {} if name in members else {"groups": {group_type: [*members, name]}}
        return {}


def parse_place(word: str) -> ImageSelection | Path:
    """Read one side of a sync: a selection such as `group:trip:1`, or a folder; `./group:x` is always a folder."""
    kind, colon, value = word.partition(":")
    if not colon or kind not in {GROUP, TAG, ALL}:
        return Path(word)
    group_type, _, name = value.partition(":")
    is_right = {GROUP: bool(group_type and name), TAG: bool(value), ALL: not value}[kind]
    if not is_right:
        raise UsageError(f"{word!r} is not a selection of images: use {FORMS}.")
    return ImageSelection(kind, value)
