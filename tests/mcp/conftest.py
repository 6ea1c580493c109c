"""A store on this machine's loopback address that answers as a test lists, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_store_client import ImageStore
from tests.python.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of this folder open sockets."""
    for item in items:
        if item.nodeid.startswith("tests/mcp/"):
            item.add_marker(pytest.mark.loopback)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A store that is not told yet what to answer."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def store(server: ScriptedServer) -> Iterator[ImageStore]:
    """A client of the store, which repeats nothing."""
    with ImageStore(server.url, token="a.b.c", max_retries=0) as client:
        yield client
