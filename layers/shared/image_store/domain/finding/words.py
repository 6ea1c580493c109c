"""Splits texts in any script into terms, folded so that a search treats variants of a word as equal.

Case, accents, width and kind of digits do not count. Scripts without spaces between words (Chinese, Japanese, Korean,
Thai and their neighbours) are cut into pairs of characters. The result does not depend on the machine or its locale.
"""

import re
import unicodedata
from collections.abc import Iterator

MAX_TERM_CHARS = 32
"""The most characters of a word that count."""

_POINTS = range(10, 37)
"""Combining classes of Hebrew points and Arabic vowel signs, which most texts omit."""
_ACCENTS = range(200, 241)
"""Combining classes of accents; marks that form another letter, as in か and が, have lower classes."""

# Letters that Unicode does not decompose into a base and an accent.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}
)

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Thai and Lao, Burmese, Khmer, kana, Han and Hangul."""


def terms_of(text: str) -> Iterator[str]:
    """All search terms of a text in order, with repetitions."""
    for run, unspaced in _runs(text):
        if unspaced:
            # The last character alone, so that a search for one character finds it at the end as well.
            yield from (run[place : place + 2] for place in range(len(run)))
        else:
            yield run[:MAX_TERM_CHARS]


def query_terms(text: str) -> tuple[str, ...]:
    """The terms of a search, each once: a text matches if it has a word that begins with each of them."""
    terms: dict[str, None] = {}
    for run, unspaced in _runs(text):
        if unspaced and len(run) > 1:
            terms |= dict.fromkeys(run[place : place + 2] for place in range(len(run) - 1))
        else:
            terms[run[:MAX_TERM_CHARS]] = None
    return tuple(terms)


def folded(text: str) -> str:
    """A text without the differences that do not count: case, accents, width and kind of digits."""
    plain = _without_accents(unicodedata.normalize("NFKD", text)).casefold().translate(_LETTERS)
    # Case folding may add accents: İ becomes i and a dot.
    plain = _without_accents(unicodedata.normalize("NFKD", plain))
    return "".join(map(_digit, unicodedata.normalize("NFC", plain)))


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """The words of a text between spaces and signs, and whether each is in a script without spaces."""
    for word in "".join(map(_letter_or_space, folded(text))).split():
        end = 0
        for match in _UNSPACED.finditer(word):
            if match.start() > end:
                yield word[end : match.start()], False
            yield match[0], True
            end = match.end()
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
    """Letters, digits and marks unchanged, nothing for invisible joiners, and a space for everything else."""
    kind = unicodedata.category(char)
    if kind[0] in "LNM":
        return char
    return "" if kind == "Cf" else " "
