"""What the store says of a wrong field, in the words of the tools.

The API repeats what its validator says, such as "String should have at most 64 characters" or the pattern that a text
does not match. A model reads what is allowed instead, in the same words for every tool.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "size": "must be WIDTHxHEIGHT in pixels, such as 1024x1024",
    "group": "must be type:id, such as album:summer; a type has lower-case letters, digits, - and _",
    "since": "must be a day such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z",
    "until": "must be a day such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z",
}
"""What a text must look like, of the arguments that have a form."""
_OF_ANOTHER_FORM = ("string_pattern_mismatch", "datetime")
"""How the types of faults begin that are about the form of a text."""
_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not an argument of this tool",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "string_pattern_mismatch": "has a form that is not allowed here",
}
_SUBJECT = re.compile(r"^[A-Z]\w* should ")
_COMPARISONS = (
    ("be greater than or equal to", "be at least"),
    ("be less than or equal to", "be at most"),
    ("be greater than", "be more than"),
)
_ACTUAL = re.compile(r" after validation, not (more|\d+)$")


def words_for(field: str, kind: str, message: str) -> str:
    """What is wrong with an argument and what is allowed; `kind` is the type of the fault, `message` its text."""
    if kind.startswith(_OF_ANOTHER_FORM) and field in FORMS:
        return FORMS[field]
    if kind in _WORDS:
        return _WORDS[kind]
    text, count = _SUBJECT.subn("must ", message)
    if count:
        for theirs, ours in _COMPARISONS:
            text = text.replace(theirs, ours)
        text = _ACTUAL.sub("", text).replace("'", "")
    return text
