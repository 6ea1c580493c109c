"""Unit tests reach nothing outside their process."""

import socket
from typing import NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that opens a connection fails where it does so."""

    def refuse(*_: object) -> NoReturn:
        pytest.fail("a unit test tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
