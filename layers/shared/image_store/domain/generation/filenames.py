"""Makes filenames for generated pictures."""

import re
import unicodedata
from datetime import datetime

_MOST_CHARS = 60
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
)
"""Latin letters that Unicode does not decompose."""
_APOSTROPHES = re.compile("['’]")
_WORD = re.compile(r"[a-z0-9]+")
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}
)
"""Names that Windows reserves, with every extension."""


def stem_of(text: str) -> str | None:
    """The words of a text as the beginning of a filename: `a-red-fox-in-snow`; None when none is in Latin script.

    ASCII letters, digits and hyphens, at most 60.
    """
    # Only the first words are needed; without the cut a long text would cost more time.
    lower = _APOSTROPHES.sub("", text[: 8 * _MOST_CHARS].lower()).translate(_LETTERS)
    parts = unicodedata.normalize("NFKD", lower)
    plain = "".join(char for char in parts if not unicodedata.combining(char))
    stem = ""
    for word in _WORD.findall(plain):
        longer = f"{stem}-{word}" if stem else word[:_MOST_CHARS]
        if len(longer) > _MOST_CHARS:
            break
        stem = longer
    if not re.search("[a-z]", stem):
        return None
    return f"image-{stem}" if stem in _DEVICES else stem


def generated_filename(text: str | None, *, variation: int, extension: str, at: datetime) -> str:
    """The filename of a generated picture: the words of a text, or the time if the text has none in Latin script."""
    stem = stem_of(text) if text else None
    stem = stem or f"generated-{at:%Y%m%d-%H%M%S}"
    number = f"-{variation + 1}" if variation else ""
    return f"{stem}{number}.{extension}"
