"""Generation on storage in memory."""

import pytest

from tests.fakes.generating import Generating


@pytest.fixture
def generating() -> Generating:
    return Generating()
