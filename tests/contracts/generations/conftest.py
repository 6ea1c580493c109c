"""Stores of jobs that keep the contract of Generations."""

from typing import Any

import pytest

from image_store.adapters.dynamodb.generation.jobs import DynamoGenerations
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.ports.generation import Generations
from tests.fakes.dynamodb import new_table
from tests.fakes.generations import MemoryGenerations
from tests.fakes.repository import MemoryRepository


@pytest.fixture(params=["memory", "dynamodb"])
def jobs(request: pytest.FixtureRequest, moto: Any) -> Generations:
    if request.param == "memory":
        return MemoryGenerations(MemoryRepository())
    return DynamoGenerations(DynamoTable(new_table(moto), client=lambda: moto, sleep=lambda _: None))
