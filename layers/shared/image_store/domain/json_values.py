"""Reads JSON strictly, so that the store can keep every value and every client can read it again.

Python's parser accepts more than JSON allows and than other parsers understand: `NaN`, `1e999`, halves of surrogate
pairs, one name twice in an object, arrays nested until the stack ends. A value that passes here can be stored and
returned.
"""

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 64
"""Of nested arrays and objects. DynamoDB, pydantic and many parsers of clients stop at a few hundred."""

_MAX_NUMBER_DIGITS = 308
"""Most clients read numbers as doubles, and a longer integer is beyond their range."""


class UnreadableJson(ValueError):
    """A text is not JSON that the store accepts; the message is a sentence for the sender."""


def read_json(text: bytes) -> Any:
    """Read a JSON text in UTF-8; UnreadableJson if it is not valid.

    Not every value can be stored: see `check_storable`.
    """
    try:
        return json.loads(
            text.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
    except UnreadableJson:
        raise
    except (ValueError, RecursionError):
        raise UnreadableJson("It is not valid JSON in UTF-8.") from None


def check_storable(value: Any) -> None:
    """Raise UnreadableJson if a value is nested too deeply, or has a text that cannot be encoded."""
    if _is_deeper(value, MAX_DEPTH):
        raise UnreadableJson(f"It nests more than {MAX_DEPTH} arrays and objects within each other.")
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise UnreadableJson("It has half of a surrogate pair in a text.") from None


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            child
            for container in level
            if isinstance(container, dict | list)
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _refuse_constant(_: str) -> NoReturn:
    raise UnreadableJson("It has NaN or Infinity, which JSON does not have.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadableJson("It has a number that is too large.")
    return number


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER_DIGITS:
        raise UnreadableJson("It has a number that is too large.")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableJson("It has an object with the same name twice.")
    return members
