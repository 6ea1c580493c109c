"""Stores that keep the contract of Rows."""

from collections.abc import Iterator

import pytest

from tests.contracts.repository.tables import Table, Tables, dynamo
from tests.fakes.dynamodb import mocked_client, new_table, table_form
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import Rows


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    """New tables, in moto or in the DynamoDB that the fault matrix runs on."""
    form = table_form()
    with mocked_client() as moto:
        clients = {"moto": moto, "memory": MemoryDynamo()}
        yield lambda where: Table(clients[where], new_table(clients[where], form))


@pytest.fixture(params=["moto", "memory"])
def table(request: pytest.FixtureRequest, tables: Tables) -> Table:
    return tables(request.param)


@pytest.fixture(params=["memory", "dynamodb in moto", "dynamodb in memory"])
def store(request: pytest.FixtureRequest, tables: Tables) -> Rows:
    kind, _, where = request.param.partition(" in ")
    return dynamo(tables(where)) if kind == "dynamodb" else MemoryRepository()
