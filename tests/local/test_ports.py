"""Which ports the stack uses."""

import socket
from collections.abc import Iterator

import pytest

from local.ports import any_free_port, choose_ports, is_free, take_port
from local.problems import CannotRun

pytestmark = pytest.mark.loopback


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_reported_with_a_free_alternative(busy_port: int) -> None:
    with pytest.raises(CannotRun, match=rf"Port {busy_port} is not free: .*PORT=\d+ make run"):
        take_port(busy_port)


def test_a_free_port_is_held_until_it_is_closed() -> None:
    port = any_free_port()
    listeners = take_port(port)

    with pytest.raises(CannotRun):
        take_port(port)

    for listener in listeners:
        listener.close()
    for listener in take_port(port):
        listener.close()


def test_ports_of_the_last_start_are_kept() -> None:
    remembered = {name: any_free_port() for name in ("emulator", "issuer", "providers")}

    assert choose_ports(remembered, api_port=8080) == remembered


def test_a_remembered_port_that_is_busy_is_replaced(busy_port: int) -> None:
    ports = choose_ports({"emulator": busy_port, "issuer": any_free_port()}, api_port=65_000)

    assert ports["emulator"] not in {busy_port, ports["issuer"]}


def test_ports_derive_from_the_first_one() -> None:
    api_port = next(
        port
        for port in range(20_000, 35_000)
        if is_free(port + 10_000) and is_free(port + 20_000) and is_free(port + 30_000)
    )

    ports = choose_ports({}, api_port=api_port)

    assert ports == {
        "emulator": api_port + 10_000,
        "issuer": api_port + 20_000,
        "providers": api_port + 30_000,
    }
