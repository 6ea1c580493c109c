"""Stores that keep the contract of Rows."""

import pytest

from tests.contracts.tables import Tables, dynamo
from tests.fakes.repository import MemoryRepository
from tests.fakes.rows import Rows


@pytest.fixture(params=["memory", "dynamodb in moto", "dynamodb in memory"])
def store(request: pytest.FixtureRequest, tables: Tables) -> Rows:
    kind, _, place = request.param.partition(" in ")
    return dynamo(tables(place)) if kind == "dynamodb" else MemoryRepository()
