"""Tables in moto, and in the DynamoDB that the fault matrix runs on."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.tables import Table, Tables
from tests.fakes.dynamodb import mocked_client, new_table
from tests.fakes.dynamodb_client import MemoryDynamo


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with mocked_client() as client:
        yield client


@pytest.fixture(scope="module")
def tables(moto: Any) -> Tables:
    """New tables, in moto or in memory."""
    clients = {"moto": moto, "memory": MemoryDynamo()}
    return lambda place: Table(clients[place], new_table(clients[place]))


@pytest.fixture(params=["moto", "memory"])
def table(request: pytest.FixtureRequest, tables: Tables) -> Table:
    return tables(request.param)
