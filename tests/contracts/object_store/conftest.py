"""Buckets that keep the contract of ObjectStore."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from image_store.ports.objects import ObjectStore
from tests.contracts.object_store.buckets import Buckets, in_memory, in_moto, r2_in_memory


@pytest.fixture(params=["memory", "r2 in memory", "moto"])
def buckets(request: pytest.FixtureRequest) -> Iterator[Buckets]:
    if request.param != "moto":
        yield in_memory() if request.param == "memory" else r2_in_memory()
        return
    with mock_aws():
        yield in_moto()


@pytest.fixture
def bucket(buckets: Buckets) -> ObjectStore:
    return buckets.private
