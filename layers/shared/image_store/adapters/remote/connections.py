"""Connections to untrusted servers.

A host is resolved once. If one of its addresses is not allowed, the URL is refused. Otherwise the connection goes to
one of exactly these addresses, while Host, SNI and the certificate check use the name of the host. So a name that
resolves differently a moment later (DNS rebinding) has no effect. Proxies in the environment are ignored, because
connections are made here.
"""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from ipaddress import ip_address

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from image_store.adapters.remote.addresses import Address, AddressRules
from image_store.adapters.remote.refusal import FetchRefusal, TooManyBytes, Unreachable
from image_store.adapters.remote.time_limit import TimeLimit
from image_store.adapters.remote.urls import Target
from image_store.ports.system import Clock

MAX_ADDRESSES = 3
"""Of one host; some may not be reachable from here (IPv6 without a route)."""

_CHUNK_BYTES = 64 * 1024
_HEADERS = {
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "image-store",
}

Resolve = Callable[[str], Sequence[str]]
"""Returns all addresses of a host; OSError if there are none."""

# It would log a URL with its query if a server sends invalid headers.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds that a server may take: to be resolved and connected, and between two parts of its response."""

    connect: float = 3.0
    read: float = 5.0


def resolve(host: str) -> Sequence[str]:
    """Resolve a host with the system's resolver."""
    entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


@cache
def system_trust() -> ssl.SSLContext:
    """A context with the system's authorities that checks host names."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A response whose body is not read yet, and the time limit of its connection."""

    response: BaseHTTPResponse
    time_limit: TimeLimit

    def read(self, *, max_bytes: int) -> bytes:
        """The body; FetchRefusal if it is encoded, has more bytes than allowed, or takes too long."""
        _check_headers(self.response, max_bytes)
        chunks, size = [], 0
        while chunk := self.response.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise TooManyBytes(max_bytes)
            chunks.append(chunk)
        if self.time_limit.has_expired:
            raise Unreachable("out of time")
        return b"".join(chunks)


class Connections:
    """Connects to the hosts and addresses that the rules allow."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        clock: Clock,
        resolve: Resolve = resolve,
        trust: Callable[[], ssl.SSLContext] = system_trust,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._resolve = resolve
        self._trust = trust
        self._timeouts = timeouts or Timeouts()

    @contextmanager
    def exchange(
        self,
        target: Target,
        until: datetime,
        *,
        headers: Mapping[str, str],
        method: str = "GET",
        body: bytes | None = None,
    ) -> Iterator[Exchange]:
        """Send a request on a connection of its own, which is closed at the end of the block.

        Raises FetchRefusal, and the errors of sockets, TLS and urllib3.
        """
        connection = self._connect(target, self._addresses(target, until), until)
        try:
            with TimeLimit(connection, self._left(until)) as time_limit:
                connection.timeout = self._timeouts.read
                connection.request(
                    method,
                    target.resource,
                    body=body,
                    headers={**_HEADERS, **headers, "Host": target.authority},
                    preload_content=False,
                    decode_content=False,
                )
                response = connection.getresponse()
                try:
                    yield Exchange(response, time_limit)
                finally:
                    response.close()
        finally:
            connection.close()

    def _addresses(self, target: Target, until: datetime) -> list[Address]:
        """All addresses of the target; FetchRefusal if one of them is not allowed."""
        self._rules.check_host(target.host)
        addresses = (
            [target.address] if target.address is not None else self._resolve_in_time(target.host, until)
        )
        if not addresses:
            raise FetchRefusal("the host has no address")
        for address in addresses:
            self._rules.check_address(address, is_default_port=target.is_default_port)
        return addresses

    def _resolve_in_time(self, host: str, until: datetime) -> list[Address]:
        pool = ThreadPoolExecutor(1)  # the system's resolver has no time limit
        try:
            lookup = pool.submit(self._resolve, host)
            return [
                ip_address(text) for text in lookup.result(min(self._timeouts.connect, self._left(until)))
            ]
        finally:
            pool.shutdown(wait=False)

    def _connect(self, target: Target, addresses: list[Address], until: datetime) -> HTTPConnection:
        for address in addresses[:MAX_ADDRESSES]:
            connection = self._connection(target, address, min(self._timeouts.connect, self._left(until)))
            try:
                connection.connect()
            except (NewConnectionError, ConnectTimeoutError):
                connection.close()
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise Unreachable("no address accepts a connection")

    def _connection(self, target: Target, address: Address, seconds: float) -> HTTPConnection:
        if target.scheme == "http":
            return HTTPConnection(str(address), target.port, timeout=seconds)
        return HTTPSConnection(
            str(address),
            target.port,
            timeout=seconds,
            server_hostname=target.host,
            ssl_context=self._trust(),
        )

    def _left(self, until: datetime) -> float:
        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise Unreachable("out of time")
        return left


def _check_headers(response: BaseHTTPResponse, max_bytes: int) -> None:
    headers = response.headers
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise FetchRefusal("an encoded body")
    if headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise FetchRefusal("an encoded transfer")
    length = headers.get("Content-Length")
    if length is None:
        return
    if not (length.isascii() and length.isdecimal()):
        raise FetchRefusal("an invalid Content-Length")
    if int(length) > max_bytes:
        raise TooManyBytes(max_bytes)
