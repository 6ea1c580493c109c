"""Every comparison of a filter finds the same rows in a table and in memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.filters import attribute_items, attributes_of, filter_expression
from image_store.domain.finding.filters import AttributeValue, Comparison, Condition
from tests.fakes.dynamodb import mocked_client, new_table
from tests.fakes.dynamodb_client import MemoryDynamo

ROWS: dict[str, dict[str, AttributeValue]] = {
    "cats": {"title": "cats", "width": 100, "described": True, "tags": ("cat", "dog")},
    "a cat": {"title": "a cat", "width": 99, "described": False, "tags": ("cats",)},
    "bare": {},
}
CONDITIONS = [
    (Condition("title", "title", Comparison.EQUALS, "cats"), ["cats"]),
    (Condition("width", "width", Comparison.EQUALS, 99), ["a cat"]),
    (Condition("described", "described", Comparison.EQUALS, False), ["a cat"]),
    (Condition("min_width", "width", Comparison.AT_LEAST, 100), ["cats"]),
    (Condition("min_width", "width", Comparison.AT_LEAST, 9), ["a cat", "cats"]),
    (Condition("title_prefix", "title", Comparison.BEGINS_WITH, "cat"), ["cats"]),
    (Condition("tag", "tags", Comparison.CONTAINS, "cat"), ["cats"]),
]


@pytest.fixture(scope="module", params=["table", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """A table with these rows in one partition."""
    with mocked_client() as mocked:
        client = MemoryDynamo() if request.param == "table" else mocked
        name = new_table(client)
        for row, attributes in ROWS.items():
            item = {**keys.key("ROWS", row), **attribute_items(attributes)}
            client.put_item(TableName=name, Item=item)
        yield client, name


@pytest.mark.parametrize(("condition", "matching"), CONDITIONS, ids=lambda value: str(value)[:60])
def test_an_expression_finds_the_rows_for_which_its_condition_holds(
    table: tuple[Any, str], condition: Condition, matching: list[str]
) -> None:
    client, name = table
    expression = filter_expression([condition])

    response = client.query(
        TableName=name,
        KeyConditionExpression="pk = :pk",
        FilterExpression=" AND ".join(expression.terms),
        ExpressionAttributeNames=expression.names,
        ExpressionAttributeValues={":pk": {"S": "ROWS"}, **expression.values},
    )

    assert [row["sk"]["S"] for row in response["Items"]] == matching
    assert all(condition.holds(attributes_of(row, [condition])) for row in response["Items"])
    assert sum(condition.holds(attributes) for attributes in ROWS.values()) == len(matching)
