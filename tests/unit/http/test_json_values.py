"""JSON that the store takes can be stored, walked through, and read again by every client."""

from __future__ import annotations

from typing import Any

import pytest

from image_store.domain.json_values import MAX_DEPTH, UnreadableJson, check_storable, read_json


def nested(depth: int, *, opening: str = "[", closing: str = "]", inside: str = "") -> str:
    return opening * depth + inside + closing * depth


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, -2.5, true, null, "\\u00e4"]}', {"a": [1, -2.5, True, None, "ä"]}),
        ("1e308", 1e308),
        ("1e-999", 0.0),
        ("9" * 308, int("9" * 308)),
        ('"NaN"', "NaN"),
        ('{"a": {"a": 1}, "b": {"a": 2}}', {"a": {"a": 1}, "b": {"a": 2}}),
    ],
)
def test_a_value_is_read_as_it_was_written(text: str, value: Any) -> None:
    parsed = read_json(text.encode())

    check_storable(parsed)
    assert parsed == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b"[1." + b"9" * 5 + b"e400]",
        b"9" * 309,
        b"9" * 10_000,
        b'{"a": 1, "a": 2}',
        b'[{"b": {"a": 1, "\\u0061": 1}}]',
        nested(100_000).encode(),
        nested(100_000, opening='{"a":', closing="}", inside="1").encode(),
    ],
)
def test_what_others_read_otherwise_or_not_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(UnreadableJson):
        read_json(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_value_nests_as_deep_as_the_bound_and_no_deeper(opening: str, closing: str) -> None:
    check_storable(read_json(nested(MAX_DEPTH, opening=opening, closing=closing, inside="1").encode()))
    with pytest.raises(UnreadableJson):
        check_storable(
            read_json(nested(MAX_DEPTH + 1, opening=opening, closing=closing, inside="1").encode())
        )


@pytest.mark.parametrize("text", [b'"\\ud800"', b'{"\\udc00": 1}', b'["\\ude00\\ud83d"]'])
def test_half_of_a_surrogate_pair_cannot_be_stored(text: bytes) -> None:
    with pytest.raises(UnreadableJson):
        check_storable(read_json(text))
