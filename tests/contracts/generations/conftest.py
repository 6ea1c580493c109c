"""Stores of jobs that keep the contract of Generations."""

from collections.abc import Iterator
from typing import Any

import pytest

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.ports.generation import Generations
from tests.fakes.dynamodb import mocked_client, new_table, table_form
from tests.fakes.generations import MemoryGenerations
from tests.fakes.repository import MemoryRepository


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with mocked_client() as client:
        yield client


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    return table_form()


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest, client: Any, form: dict[str, Any]) -> Generations:
    if request.param == "memory":
        return MemoryGenerations(MemoryRepository())
    return DynamoGenerations(
        DynamoTable(new_table(client, form), client=lambda: client, sleep=lambda _: None)
    )
