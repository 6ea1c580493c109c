"""A store whose clock moves on."""

import pytest

from tests.fakes.store import Store
from tests.unit.upkeep.migration.records import new_store


@pytest.fixture
def store() -> Store:
    return new_store()
