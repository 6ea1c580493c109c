"""Cleans filenames from forms, queries, JSON, URLs and object keys."""

import re

from image_store.domain.images.attributes import MAX_FILENAME_CHARS

# Invisible characters that reorder the text around them: they can make `gpj.exe` look like `exe.jpg`. Joiners, which
# Persian and emoji need, stay, and so do the marks U+200E and U+200F, which reorder no letters.
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def clean_filename(text: str) -> str | None:
    """The filename in a text: its last path segment, at most 255 characters.

    Folders of Unix and Windows, control characters, halves of surrogate pairs and reordering marks are removed. None
    if only dots and spaces are left.
    """
    name = _CONTROLS.sub("", REORDERING.sub("", text)).rpartition("/")[2].rpartition("\\")[2]
    return _cut(name) if name.strip(". \u3000") else None


def _cut(name: str) -> str:
    if len(name) <= MAX_FILENAME_CHARS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 8:
        return name[:MAX_FILENAME_CHARS]
    return stem[: MAX_FILENAME_CHARS - len(extension) - 1] + dot + extension
