"""The table of the template, in moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import yaml
from moto import mock_aws

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
_FORM = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_numbers = count(1)


class _Template(yaml.CSafeLoader):
    """CloudFormation's tags say nothing about a table's form."""


_Template.add_multi_constructor("!", lambda *_: None)


class OneCallAtATime:
    """A client whose calls wait for each other: DynamoDB takes writes one after the other, and moto mixes them up."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **request: Any) -> Any:
            with self._lock:
                return attribute(*arguments, **request)

        return call


@contextmanager
def mocked_client() -> Iterator[Any]:
    """A client of a DynamoDB that lives as long as the context."""
    with mock_aws():
        yield OneCallAtATime(
            boto3.client(
                "dynamodb",
                region_name="us-east-1",
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
        )


@cache
def _table_form() -> dict[str, Any]:
    """Keys and indexes as the template has them; read once, for it takes as long as many tests."""
    template = yaml.load(TEMPLATE.read_text("utf-8"), _Template)  # noqa: S506 - a safe loader that skips tags
    resources = template["Resources"].values()
    (table,) = (resource for resource in resources if resource["Type"] == "AWS::DynamoDB::Table")
    return {name: table["Properties"][name] for name in _FORM}


def new_table(client: Any, name: str | None = None) -> str:
    """Create an empty table; without a name it gets one that no other has."""
    name = name or f"images-{next(_numbers)}"
    client.create_table(TableName=name, **_table_form())
    return name


def all_items(client: Any, table: str) -> list[dict[str, Any]]:
    """Every row of the table."""
    items: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        page = client.scan(TableName=table, ConsistentRead=True, **start)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
