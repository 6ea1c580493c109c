"""Loopback ports: the one a person chose, and those the stack chooses and remembers."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from local.problems import CannotRun
from local.settings import HIGHEST_PORT

# Browsers try either for `localhost`: the owner of the other one would get the requests.
LOOPBACK = ("127.0.0.1", "::1")
BUSY = {errno.EADDRINUSE, errno.EACCES}


def take_port(port: int) -> list[socket.socket]:
    """Listen at a port on every loopback address this machine has; early clients wait until it is served.

    Bound alone it would not be taken: two sockets that may reuse an address can both be bound to it.
    """
    sockets: list[socket.socket] = []
    for address in LOOPBACK:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            taken = socket.socket(family, socket.SOCK_STREAM)
        except OSError:  # built without IPv6
            continue
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            taken.bind((address, port))
            taken.listen()
        except OSError as refused:
            taken.close()
            if refused.errno == errno.EADDRNOTAVAIL and sockets:  # IPv6 is there but switched off
                continue
            for other in sockets:
                other.close()
            if refused.errno in BUSY:
                raise CannotRun(
                    f"Port {port} is not free: stop the program that uses it, or choose another one with "
                    f"`PORT={port + 1 if port < HIGHEST_PORT else port - 1} make run`."
                ) from refused
            raise
        sockets.append(taken)
    return sockets


def choose_ports(remembered: dict[str, int], *, api_port: int) -> dict[str, int]:
    """Answer the ports of emulator, issuer and providers: those of the last start if free, else ones that are.

    Addresses with these ports are in the deployed stack, so keeping them saves a deployment.
    """
    chosen: dict[str, int] = {}
    for number, name in enumerate(("emulator", "issuer", "providers"), start=1):
        candidates = [remembered.get(name, 0), api_port + number * 10_000]
        usable = (port for port in candidates if 0 < port <= HIGHEST_PORT and is_free(port))
        chosen[name] = next((port for port in usable if port not in chosen.values()), None) or any_free_port()
    return chosen


def is_free(port: int) -> bool:
    """Tell whether a port can be bound on loopback now."""
    with suppress(CannotRun):
        for taken in take_port(port):
            taken.close()
        return True
    return False


def any_free_port() -> int:
    """Answer a port that the operating system has free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
