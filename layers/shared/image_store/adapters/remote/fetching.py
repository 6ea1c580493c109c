"""Fetches an image from an untrusted server, as `connections` reaches it; every redirect is checked from the beginning.

Every failure is the same error for the caller, so that nobody can explore a network through the store. The log has the
reason.
"""

import ssl
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPException

from urllib3.exceptions import HTTPError

from image_store.adapters.remote.addresses import AddressRules
from image_store.adapters.remote.connections import (
    Connections,
    Exchange,
    Resolve,
    Timeouts,
    resolve,
    system_trust,
)
from image_store.adapters.remote.refusal import FetchRefusal
from image_store.adapters.remote.urls import MAX_REDIRECTS, REDIRECTS, Target, parse_target
from image_store.domain.errors import UrlNotAllowed
from image_store.ports.images import Fetcher, RemoteFile
from image_store.ports.system import Clock

_HEADERS = {"Accept": "image/avif, image/webp, image/png, image/jpeg, image/gif"}

Report = Callable[[str, str], None]
"""Receives the reason of a refusal and the URL without its query."""


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
        self._connections = Connections(rules, clock=clock, resolve=resolve, trust=trust, timeouts=timeouts)
        self._report = report

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
            with self._connections.exchange(target, until, headers=_HEADERS) as exchange:
                response = exchange.response
                if response.status not in REDIRECTS:
                    return _read(exchange, max_bytes=max_bytes)
                target = target.redirect_target(response.headers.get("Location", ""))
        raise FetchRefusal("too many redirects")


def _read(exchange: Exchange, *, max_bytes: int) -> RemoteFile:
    response = exchange.response
    if response.status != 200:
        raise FetchRefusal(f"status {response.status}")
    data = exchange.read(max_bytes=max_bytes)
    if not data:
        raise FetchRefusal("an empty body")
    return RemoteFile(data, response.headers.get("Content-Type"))
