"""Loopback ports: the one that a person chose, and those that the stack chooses and remembers."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from local.problems import CannotRun
from local.settings import HIGHEST_PORT

# Browsers try either for `localhost`. A program at the other address would get the requests.
LOOPBACK = ("127.0.0.1", "::1")
BUSY = {errno.EADDRINUSE, errno.EACCES}


def take_port(port: int) -> list[socket.socket]:
    """Listen on a port at every loopback address of this machine; early clients wait until it is served.

    Binding is not enough: two sockets that may reuse an address can both be bound to it.
    """
    sockets: list[socket.socket] = []
    for address in LOOPBACK:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            listener = socket.socket(family, socket.SOCK_STREAM)
        except OSError:  # built without IPv6
            continue
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind((address, port))
            listener.listen()
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRNOTAVAIL and sockets:  # IPv6 is disabled
                continue
            for other in sockets:
                other.close()
            if error.errno in BUSY:
                raise CannotRun(
                    f"Port {port} is not free: stop the program that uses it, or choose another port with "
                    f"`PORT={port + 1 if port < HIGHEST_PORT else port - 1} make run`."
                ) from error
            raise
        sockets.append(listener)
    return sockets


def choose_ports(remembered: dict[str, int], *, api_port: int) -> dict[str, int]:
    """Return the ports of emulator, issuer and providers: those of the last start if they are free, or other ones.

    The deployed stack contains addresses with these ports, so keeping them saves a deployment.
    """
    ports: dict[str, int] = {}
    for number, name in enumerate(("emulator", "issuer", "providers"), start=1):
        candidates = [remembered.get(name, 0), api_port + number * 10_000]
        usable = (port for port in candidates if 0 < port <= HIGHEST_PORT and is_free(port))
        ports[name] = next((port for port in usable if port not in ports.values()), None) or any_free_port()
    return ports


def is_free(port: int) -> bool:
    """Return whether a port is free on loopback now."""
    with suppress(CannotRun):
        for listener in take_port(port):
            listener.close()
        return True
    return False


def any_free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
