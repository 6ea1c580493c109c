"""Turns what a source knows about an image into attributes; what does not fit is left out."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from image_store.domain.images.attributes import FIRST_CREATED_AT, Attributes, normalize_text
from image_store.domain.images.details import (
    MAX_ALT_TEXT_CHARS,
    MAX_GROUPS,
    MAX_METADATA_BYTES,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TITLE_CHARS,
)
from image_store.domain.images.filenames import clean_filename
from image_store.domain.json_values import UnreadableJson, check_storable
from image_store.domain.upkeep.importing import FetchedFile, ImportOptions, SourceItem

FOLDER_GROUP = "folder"
_MAX_GROUP_ID_CHARS = 128
_MAX_CHARS_TO_COMPOSE = 1_024
"""Composing takes time that grows with the square of the accents on one letter."""
_MAX_NAME_CHARS = 128
"""Of a member of the metadata."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def attributes_of(
    item: SourceItem, file: FetchedFile, options: ImportOptions, *, now: datetime
) -> Attributes:
    """The attributes of an image that moves here."""
    metadata = {**item.metadata, **file.metadata}
    title, alt_text = item.title or metadata.pop("title", None), item.alt_text or metadata.pop("alt", None)
    return Attributes(
        filename=clean_filename(item.filename or ""),
        title=_line(title, MAX_TITLE_CHARS),
        alt_text=_line(alt_text, MAX_ALT_TEXT_CHARS),
        tags=tuple(dict.fromkeys((*options.tags, *_tags(item.tags))))[:MAX_TAGS],
        groups=tuple(dict.fromkeys((*options.groups, *_folder(item.folder))))[:MAX_GROUPS],
        metadata=_metadata(metadata),
        visibility=options.visibility or file.visibility or item.visibility,
        created_at=_date(item.created_at, now),
    )


def _line(text: Any, most: int) -> str | None:
    """A text on one line, cut; None if there is none."""
    if not isinstance(text, str):
        return None
    return " ".join(_CONTROLS.sub(" ", text[: 2 * most]).split())[:most].strip() or None


def _tags(tags: Iterable[Any]) -> Iterator[str]:
    for tag in tags:
        line = _line(tag, _MAX_CHARS_TO_COMPOSE)
        if line is not None and len(composed := normalize_text(line)) <= MAX_TAG_CHARS:
            yield composed


def _folder(folder: str | None) -> Iterator[str]:
    """The group of a folder; a name that is too long, or that would change, is replaced by its digest."""
    name = (folder or "").strip("/")
    if not name:
        return
    line = _line(name, _MAX_CHARS_TO_COMPOSE)
    composed = normalize_text(line) if line is not None else ""
    if not composed or line != name or len(composed) > _MAX_GROUP_ID_CHARS:
        composed = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    yield f"{FOLDER_GROUP}:{composed}"


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """As many members as fit, in their order."""
    members: dict[str, Any] = {}
    size = len("{}")
    for name, value in metadata.items():
        if value in (None, "", [], {}) or len(name) > _MAX_NAME_CHARS:
            continue
        try:
            check_storable({name: value})
            text = json.dumps({name: value}, ensure_ascii=False).encode()
        except (UnreadableJson, ValueError, TypeError):
            continue
        if b"\\u0000" not in text and size + len(text) <= MAX_METADATA_BYTES:
            members[name] = value
            size += len(text)
    return members


def _date(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and FIRST_CREATED_AT <= at <= now else None
