"""Counts that providers tell, of any type."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_store.domain.generation.providers import Unit
from image_store.domain.generation.usage import MAX_COUNT, CountedUsage, count, read_usage

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=5,
)


@pytest.mark.parametrize(("value", "number"), [(0, 0), (439, 439), (439.0, 439), ("439", 439), (" 7 ", 7)])
def test_a_whole_number_is_read_from_each_type_that_holds_one(value: object, number: int) -> None:
    assert count(value) == number


ODD = [
    1.5,
    None,
    True,
    -1,
    "1.5",
    "-1",
    "٣",
    "",
    MAX_COUNT + 1,
    10**400,
    float("inf"),
    float("nan"),
    [1],
    {"n": 1},
]


@pytest.mark.parametrize("value", ODD)
def test_anything_else_is_not_a_count(value: object) -> None:
    assert count(value) is None


@pytest.mark.parametrize("value", ODD)
def test_one_odd_count_spoils_a_usage(value: object) -> None:
    counts = {Unit.TEXT_INPUT_TOKEN: 3, Unit.IMAGE_OUTPUT_TOKEN: value}

    assert read_usage(counts) == CountedUsage(None, is_readable=False)


def test_an_empty_usage_is_readable_and_costs_nothing() -> None:
    assert read_usage(None) == read_usage({Unit.IMAGE: 0}) == CountedUsage(None)


@given(
    st.dictionaries(st.sampled_from(list(Unit)), ANYTHING)
    | st.dictionaries(st.text() | st.integers() | st.none(), ANYTHING)
)
def test_a_usage_of_any_form_is_read_or_none(counts: Any) -> None:
    usage = read_usage(counts).usage

    assert usage is None or all(
        isinstance(unit, Unit) and type(number) is int and 0 <= number <= MAX_COUNT
        for unit, number in usage.items()
    )
