"""The Node.js that the linters and generators run on."""

from __future__ import annotations

import pytest

from tests.openapi.nodejs import Node, installed_node


@pytest.fixture(scope="session")
def node() -> Node:
    """The Node.js of the tests."""
    return installed_node()
