"""Flags, numbers and instants are what they are written as, and nothing that looks like them."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from pydantic import BaseModel, Field, ValidationError

from image_store import entrypoints
from image_store.entrypoints.finding.query_schemas import ImageListParameters
from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Instant, Moment, from_texts
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.entrypoints.images.deletion_schemas import BatchDelete
from image_store.entrypoints.images.query_schemas import DeleteParameters
from image_store.entrypoints.operations.statistics_queries import StatsQuery
from image_store.entrypoints.upkeep.request_schemas import CleanupRequest


class Times(BaseModel):
    at: Instant | None = None
    on: Moment | None = Field(None, alias="from")


@pytest.mark.parametrize("value", ["off", "false", "no", "t", "", 0, 0.0, None, [], "0"])
def test_only_false_makes_a_cleanup_a_real_one(value: Any) -> None:
    with pytest.raises(ValidationError):
        CleanupRequest.model_validate({"dry_run": value})


@pytest.mark.parametrize("value", [True, False, "5", 5.0, 5.5, [5], "", -1, 2**53])
def test_a_cap_is_a_whole_number(value: Any) -> None:
    with pytest.raises(ValidationError):
        CleanupRequest.model_validate({"max_deletions": value})


@pytest.mark.parametrize("value", ["true", "t", 1, "on", "yes", 1.0])
def test_only_true_deletes_for_good(value: Any) -> None:
    with pytest.raises(ValidationError):
        BatchDelete.model_validate({"ids": ["a"], "permanent": value})


@pytest.mark.parametrize("value", ["t", "1", "on", "yes", "True", "TRUE", "", " true", "y"])
def test_only_true_is_true_in_a_query(value: str) -> None:
    with pytest.raises(ValidationError):
        DeleteParameters.model_validate(from_texts(DeleteParameters, {"permanent": value}))


@pytest.mark.parametrize("value", ["5.0", " 5", "5_0", "٥", "+5", "5" * 30, "", "0x5", "1e1"])
def test_a_number_in_a_query_is_written_in_digits(value: str) -> None:
    with pytest.raises(ValidationError):
        ImageListParameters.model_validate(from_texts(ImageListParameters, {"limit": value}))


def test_numbers_flags_and_texts_of_a_query_are_read() -> None:
    given = {
        "limit": "5",
        "trashed": "true",
        "tag": "5",
        "category": "true",
        "from": "2026-03-01T12:00:00+02:00",
    }

    read = ImageListParameters.model_validate(from_texts(ImageListParameters, given))

    assert (read.limit, read.trashed, read.tag, read.category) == (5, True, "5", "true")
    assert read.since == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        4102444800,
        4102444800.5,
        "4102444800",
        "2026-03-01T12:00:00",
        "2026-03-01T12:00:00.1234567890Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59-23:59",
        "2026-02-30T12:00:00Z",
        "2026-03-01T25:00:00Z",
        "٢٠٢٦-03-01T12:00:00Z",
        True,
        [],
        "P1D",
    ],
)
def test_what_is_not_an_instant_within_the_calendar_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Times.model_validate({"at": value})


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01t12:00:00.5+02:00", datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_in_utc(text: str, at: datetime) -> None:
    read = Times.model_validate({"at": text}).at

    assert read == at
    assert read is not None
    assert read.tzinfo is UTC


@pytest.mark.parametrize("value", ["1772323200", "2026-3-1", "2026-03-01T00:00:00", "2026-02-30", 20260301])
def test_a_day_is_written_as_one(value: Any) -> None:
    assert Times.model_validate({"from": "2026-03-01"}).on == datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(ValidationError):
        StatsQuery.model_validate({"from": value})


@pytest.mark.parametrize(
    "generation",
    [
        {"duration_ms": int("9" * 300)},
        {"duration_ms": 1.5},
        {"cost_usd": "1"},
        {"cost_usd": True},
        {"seed": "1"},
    ],
)
def test_attributes_of_a_generation_are_bounded_and_typed(generation: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageAttributes.model_validate({"generation": generation})


def requests_models() -> list[type[Strict]]:
    """Every model of a request."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(entrypoints.__path__, f"{entrypoints.__name__}.")
    ]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Strict) and value.__module__ == module.__name__
    ]


def parts(annotation: Any) -> set[Any]:
    """The types that an annotation is made of."""
    inner = get_args(annotation)
    return {part for each in inner for part in parts(each)} if inner else {annotation}


SCALARS = {
    bool: ["true", "off", 0, 1],
    int: ["1", True, 1.0],
    float: ["1", True],
    datetime: [1, "1"],
    date: [1, "1"],
}


@pytest.mark.parametrize(
    ("model", "name", "wrong"),
    [
        (model, field.alias or name, wrong)
        for model in requests_models()
        for name, field in model.model_fields.items()
        for kind in parts(field.annotation) & set(SCALARS)
        if str not in parts(field.annotation)
        for wrong in SCALARS[kind]
    ],
)
def test_no_request_takes_a_value_of_another_kind(model: type[Strict], name: str, wrong: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        model.model_validate({name: wrong})

    assert name in {fault["loc"][0] for fault in raised.value.errors()}


def test_faults_are_counted_before_they_are_looked_at() -> None:
    with pytest.raises(ValidationError) as raised:
        ImageAttributes.model_validate({f"unknown{index}": 1 for index in range(1_000)})

    assert raised.value.error_count() == 1
