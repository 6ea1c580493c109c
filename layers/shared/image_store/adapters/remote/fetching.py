"""Fetches an image from an untrusted server.

A host is resolved once. If one of its addresses is not allowed, the URL is refused. Otherwise the connection goes to
one of exactly these addresses, while Host, SNI and the certificate check use the name of the host. So a name that
resolves differently a moment later (DNS rebinding) has no effect. Every redirect is checked from the beginning. Proxies
in the environment are ignored, because connections are made here.

Every failure is the same error for the caller, so that nobody can explore a network through the store. The log has the
reason.
"""

import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http.client import HTTPException
from ipaddress import ip_address

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from image_store.adapters.remote.addresses import Address, AddressRules
from image_store.adapters.remote.refusal import FetchRefusal
from image_store.adapters.remote.time_limit import TimeLimit
from image_store.adapters.remote.urls import Target, parse_target
from image_store.domain.errors import UrlNotAllowed
from image_store.ports.images import Fetcher, RemoteFile
from image_store.ports.system import Clock

MAX_REDIRECTS = 3
MAX_ADDRESSES = 3
"""Of one host; some may not be reachable from here (IPv6 without a route)."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024
_HEADERS = {
    "Accept": "image/avif, image/webp, image/png, image/jpeg, image/gif",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "image-store",
}

Resolve = Callable[[str], Sequence[str]]
"""Returns all addresses of a host; OSError if there are none."""
Report = Callable[[str, str], None]
"""Receives the reason of a refusal and the URL without its query."""

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


class HttpFetcher(Fetcher):
    """Fetcher over HTTP/1.1."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        clock: Clock,
        report: Report,
        resolve: Resolve = resolve,
        trust: Callable[[], ssl.SSLContext] = system_trust,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._report = report
        self._resolve = resolve
        self._trust = trust
        self._timeouts = timeouts or Timeouts()

    def fetch(self, url: str, *, max_bytes: int, until: datetime) -> RemoteFile:
        trail: list[Target] = []
        try:
            return self._follow(url, trail, max_bytes=max_bytes, until=until)
        except FetchRefusal as refusal:
            reason = refusal.reason
        except (OSError, ValueError, HTTPException, HTTPError) as failure:
            reason = type(failure).__name__  # their texts contain whole URLs
        self._report(reason, trail[-1].without_query if trail else "")
        raise UrlNotAllowed

    def _follow(self, url: str, trail: list[Target], *, max_bytes: int, until: datetime) -> RemoteFile:
        target = parse_target(url)
        for _ in range(1 + MAX_REDIRECTS):
            trail.append(target)
            with self._request(target, until) as (response, time_limit):
                if response.status not in _REDIRECTS:
                    return _read(response, time_limit, max_bytes=max_bytes)
                target = target.redirect_target(response.headers.get("Location", ""))
        raise FetchRefusal("too many redirects")

    @contextmanager
    def _request(self, target: Target, until: datetime) -> Iterator[tuple[BaseHTTPResponse, TimeLimit]]:
        connection = self._connect(target, self._addresses(target, until), until)
        try:
            with TimeLimit(connection, self._left(until)) as time_limit:
                connection.timeout = self._timeouts.read
                headers = _HEADERS | {"Host": target.authority}
                connection.request(
                    "GET", target.resource, headers=headers, preload_content=False, decode_content=False
                )
                response = connection.getresponse()
                try:
                    yield response, time_limit
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
        raise FetchRefusal("no address accepts a connection")

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
            raise FetchRefusal("out of time")
        return left


def _read(response: BaseHTTPResponse, time_limit: TimeLimit, *, max_bytes: int) -> RemoteFile:
    if response.status != 200:
        raise FetchRefusal(f"status {response.status}")
    _check_headers(response, max_bytes)
    chunks, size = [], 0
    while chunk := response.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise FetchRefusal(f"more than {max_bytes} bytes")
        chunks.append(chunk)
    if time_limit.has_expired:
        raise FetchRefusal("out of time")
    if not chunks:
        raise FetchRefusal("an empty body")
    return RemoteFile(b"".join(chunks), response.headers.get("Content-Type"))


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
        raise FetchRefusal(f"more than {max_bytes} bytes")
