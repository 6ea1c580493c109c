"""Filters are declared once: the query schema, the command line and the console offer the same ones."""

import argparse
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from image_store.domain.finding import filters
from image_store.domain.finding.feed import FeedQuery
from image_store.domain.finding.filters import FILTER_NAMES, ROW_FILTERS, Comparison, Condition, Filters
from image_store.domain.finding.lists import ListQuery
from image_store.domain.finding.search import SearchQuery
from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.finding.query_schemas import FeedParameters, FilterParameters
from image_store_cli.command_line.arguments import FEED_FILTERS, LIST_FILTERS, add_filters, filters_of
from image_store_client.aio.paths import query_of

GALLERY = Path(__file__).parents[3] / "functions/site/console/gallery"
PARAMETERS = {FilterParameters.model_fields[name].alias or name for name in FILTER_NAMES}
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
ALL = {
    "kind": Kind.UPLOAD,
    "visibility": Visibility.PUBLIC,
    "tag": "t",
    "group": "g:1",
    "model": "m",
    "provider": "p",
    "category": "c",
    "since": SINCE,
    "until": UNTIL,
    "trashed": True,
}


def test_the_query_schema_has_a_parameter_for_each_filter() -> None:
    assert set(FilterParameters.model_fields) - {"limit", "fields"} == set(FILTER_NAMES)


def test_the_command_line_has_an_option_for_each_filter() -> None:
    parser = argparse.ArgumentParser()
    add_filters(parser)

    assert set(LIST_FILTERS) == PARAMETERS - {"trashed"}
    assert set(query_of(filters_of(parser.parse_args([])))) == set(LIST_FILTERS)


def test_the_command_line_has_an_option_for_each_filter_of_the_feed() -> None:
    names = {field.alias or name for name, field in FeedParameters.model_fields.items()}

    assert set(FEED_FILTERS) == names - {"limit", "cursor", "fields"}


@pytest.mark.parametrize(("file", "table"), [("filters.js", "FILTERS"), ("filter-panel.js", "CONTROLS")])
def test_the_console_has_a_name_and_a_control_for_each_filter(file: str, table: str) -> None:
    code = (GALLERY / file).read_text("utf-8").partition(f"const {table} = {{")[2].partition("\n};")[0]
    names = set(re.findall(r"^  (\w+): ", code, re.MULTILINE))

    # The trash has a screen of its own, and the order is chosen beside the filters.
    assert names == PARAMETERS - {"trashed"} | {"order"}


def test_only_filters_compare_rows() -> None:
    assert set(ROW_FILTERS) <= set(FILTER_NAMES)


def test_a_filter_that_is_set_is_compared_with_its_attribute() -> None:
    kind = Condition("kind", "kind", Comparison.EQUALS, "upload")
    tag = Condition("tag", "tags", Comparison.CONTAINS, "t")

    assert filters.conditions_of(Filters(kind=Kind.UPLOAD, tag="t"), on_list_rows=True) == [kind, tag]
    assert filters.conditions_of(Filters(kind=Kind.UPLOAD, tag="t"), on_list_rows=False) == [kind]


@pytest.mark.parametrize(
    ("comparison", "value", "matching", "other"),
    [
        (Comparison.EQUALS, "cats", "cats", "cats and dogs"),
        (Comparison.AT_LEAST, 100, 100, 99),
        (Comparison.BEGINS_WITH, "cat", "cats", "a cat"),
        (Comparison.CONTAINS, "cat", ("cat", "dog"), ("cats", "dog")),
    ],
)
def test_a_condition_holds_where_its_comparison_does(
    comparison: Comparison, value: Any, matching: Any, other: Any
) -> None:
    condition = Condition("some_filter", "some_attribute", comparison, value)

    assert condition.holds({"some_attribute": matching})
    assert not condition.holds({"some_attribute": other})
    assert not condition.holds({})


@pytest.mark.parametrize("name", ALL)
def test_only_the_trash_leaves_no_image_out(name: str) -> None:
    assert Filters(**{name: ALL[name]}).is_filtered is (name != "trashed")  # type: ignore[arg-type]


def test_cursors_of_lists_stay_valid_from_build_to_build() -> None:
    query = ListQuery("alice", 5, sha256="ab", **ALL)  # type: ignore[arg-type]

    assert query.binding == (
        "alice", "True", "upload", "public", "g:1", SINCE.isoformat(), UNTIL.isoformat(), "True", "c", "t", "m", "p",
        "ab",
    )  # fmt: skip
    assert replace(query, sha256=None).binding == query.binding[:-1]
    assert ListQuery("alice", 5).binding == ("alice", "True", *[None] * 5, "False", *[None] * 4)


def test_cursors_of_searches_stay_valid_from_build_to_build() -> None:
    query = SearchQuery("alice", ("cat", "dog"), 5, **ALL)  # type: ignore[arg-type]

    assert query.binding == (
        "search", "alice", "cat dog", "upload", "public", "t", "g:1", "m", "p", "c", SINCE.isoformat(),
        UNTIL.isoformat(), "True",
    )  # fmt: skip
    assert SearchQuery("alice", ("cat",), 5).binding == ("search", "alice", "cat", *[None] * 9, "False")


def test_cursors_of_the_feed_stay_valid_from_build_to_build() -> None:
    query = FeedQuery(5, owner="alice", group="g:1", since=SINCE, until=UNTIL)

    assert query.binding == ("feed", "alice", "g:1", SINCE.isoformat(), UNTIL.isoformat())


def test_a_later_filter_is_bound_by_name_where_it_is_set() -> None:
    first = tuple(name for name in FILTER_NAMES if name != "provider")

    unset = Filters(kind=Kind.UPLOAD).filter_binding(first)

    assert Filters(kind=Kind.UPLOAD, provider="p").filter_binding(first) == (*unset, "provider", "p")
