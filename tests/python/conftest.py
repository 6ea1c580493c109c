"""A server on this machine's loopback address that answers as a test lists, and both clients of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.python.both import ASYNC, SYNC, AnyStore, quick_store
from tests.python.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of this folder open sockets."""
    for item in items:
        if item.nodeid.startswith("tests/python/"):
            item.add_marker(pytest.mark.loopback)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that is not told yet what to answer."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture(params=[SYNC, ASYNC])
def store(request: pytest.FixtureRequest, server: ScriptedServer) -> Iterator[AnyStore]:
    """A client of the server, of each kind; it counts its waits and does not wait."""
    with quick_store(request.param, server.url, token="a.b.c") as client:
        yield client
