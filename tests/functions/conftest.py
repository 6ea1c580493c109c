"""A deployment for each test, on the DynamoDB in memory: the contract tests hold it to what moto answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_store.bootstrap import use
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.functions.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def dynamodb() -> MemoryDynamo:
    return MemoryDynamo()


@pytest.fixture
def deployed(dynamodb: MemoryDynamo) -> Iterator[Callable[..., Deployment]]:
    """Deploys with variables of the environment other than the usual ones."""
    yield lambda **environment: Deployment(dynamodb, **environment)
    use(None)


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return deployed()
