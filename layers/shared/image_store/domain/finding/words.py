"""Words of texts in any script, folded so that a search finds what a reader takes for the same word.

Case, accents, width and kind of digits do not count. What is written without spaces between words (Chinese, Japanese,
Korean, Thai and their neighbours) is cut into pairs of characters. Nothing here depends on the machine or its locale.
"""

import re
import unicodedata
from collections.abc import Iterator

MAX_TERM_CHARS = 32
"""A word counts with so many of its characters."""

_POINTS = range(10, 37)
"""Combining classes of Hebrew points and Arabic vowel signs, which most texts leave out."""
_ACCENTS = range(200, 241)
"""Combining classes of accents; marks that make another letter, as in か and が, have lower ones."""

# Letters that Unicode does not take apart into a base and an accent.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}
)

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Thai and Lao, Burmese, Khmer, kana, Han and Hangul."""


def terms_of(text: str) -> Iterator[str]:
    """Every term of a text by which it is found, in its order, repeated ones too."""
    for run, unspaced in _runs(text):
        if unspaced:
            # The last character alone, so that a search for one character finds it at the end as well.
            yield from (run[place : place + 2] for place in range(len(run)))
        else:
            yield run[:MAX_TERM_CHARS]


def query_terms(text: str) -> tuple[str, ...]:
    """The terms that a search asks for, each once: a text has to have words that begin with each of them."""
    wanted: dict[str, None] = {}
    for run, unspaced in _runs(text):
        if unspaced and len(run) > 1:
            wanted |= dict.fromkeys(run[place : place + 2] for place in range(len(run) - 1))
        else:
            wanted[run[:MAX_TERM_CHARS]] = None
    return tuple(wanted)


def folded(text: str) -> str:
    """A text without what does not count: case, accents, width, and the kind of its digits."""
    plain = _without_accents(unicodedata.normalize("NFKD", text)).casefold().translate(_LETTERS)
    # Folding case may bring new accents: İ becomes i and a dot.
    plain = _without_accents(unicodedata.normalize("NFKD", plain))
    return "".join(map(_digit, unicodedata.normalize("NFC", plain)))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """The words of a text as they stand between spaces and signs, and whether they are of a script without spaces."""
    for word in "".join(map(_letter_or_space, folded(text))).split():
        end = 0
        for found in _UNSPACED.finditer(word):
            if found.start() > end:
                yield word[end : found.start()], False
            yield found[0], True
            end = found.end()
        if end < len(word):
            yield word[end:], False


def _without_accents(text: str) -> str:
    return "".join(
        char for char in text if (mark := unicodedata.combining(char)) not in _ACCENTS and mark not in _POINTS
    )


def _digit(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)


def _letter_or_space(char: str) -> str:
    """Letters, digits and marks as they are, nothing for invisible joiners, a space for all else."""
    kind = unicodedata.category(char)
    if kind[0] in "LNM":
        return char
    return "" if kind == "Cf" else " "
