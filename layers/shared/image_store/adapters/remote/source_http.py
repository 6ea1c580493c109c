"""Requests to the servers that images are imported from.

They obey the rules of remote URLs, and see what `HttpFetcher` hides from callers: statuses, headers and the difference
between a server that refuses and one that has to be asked again. Only imports use it, whose sources an operator has
named.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException

from urllib3.exceptions import HTTPError

from image_store.adapters.remote.connections import Connections
from image_store.adapters.remote.refusal import FetchRefusal, NotAllowed, TooManyBytes, Unreachable
from image_store.adapters.remote.urls import MAX_REDIRECTS, REDIRECTS, Target, parse_target
from image_store.domain.errors import PayloadTooLarge, SourceUnreadable
from image_store.ports.upkeep import SourceBusy

Report = Callable[[str, str], None]
"""Receives the reason of a refusal and the URL without its query."""


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """The response of a server."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes


class SourceHttp:
    """Sends requests by the rules of remote URLs."""

    def __init__(self, connections: Connections, *, report: Report) -> None:
        self._connections = connections
        self._report = report

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        max_bytes: int,
        until: datetime,
        body: bytes | None = None,
    ) -> SourceAnswer:
        """The response to a request, of any status. A GET follows redirects, without `headers` to another origin.

        Raises
        ------
        SourceUnreadable
            the URL, an address that it resolves to, or the form of the response is not allowed
        SourceBusy
            there was no whole response; a later try may succeed
        PayloadTooLarge
            the body has more than `max_bytes`
        """
        trail: list[Target] = []
        try:
            return self._follow(method, url, headers, body, trail, max_bytes=max_bytes, until=until)
        except TooManyBytes as error:
            raise PayloadTooLarge(f"The source sends more than {max_bytes:,} bytes.") from error
        except Unreachable as refusal:
            self._report(refusal.reason, _shown(trail))
            raise SourceBusy from refusal
        except NotAllowed as refusal:
            self._report(refusal.reason, _shown(trail))
            raise SourceUnreadable(
                "The source, or an address that it names, is one that this store may read only if the parameter "
                f"{refusal.parameter} allows it."
            ) from refusal
        except FetchRefusal as refusal:
            self._report(refusal.reason, _shown(trail))
            raise SourceUnreadable(
                "The source, or an address that it names, is not one that this store may read."
            ) from refusal
        except (OSError, ValueError, HTTPException, HTTPError) as failure:
            self._report(type(failure).__name__, _shown(trail))  # their texts contain whole URLs
            raise SourceBusy from None

    def _follow(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        trail: list[Target],
        *,
        max_bytes: int,
        until: datetime,
    ) -> SourceAnswer:
        target = parse_target(url)
        first = target
        for _ in range(1 + MAX_REDIRECTS):
            trail.append(target)
            # A key must not follow a redirect to somebody else.
            sent = headers if target.origin == first.origin else {}
            with self._connections.exchange(
                target, until, method=method, headers=sent, body=body
            ) as exchange:
                response = exchange.response
                if method != "GET" or response.status not in REDIRECTS:
                    answer_headers = {name.lower(): value for name, value in response.headers.items()}
                    return SourceAnswer(response.status, answer_headers, exchange.read(max_bytes=max_bytes))
                target = target.redirect_target(response.headers.get("Location", ""))
        raise FetchRefusal("too many redirects")


def _shown(trail: list[Target]) -> str:
    return trail[-1].without_query if trail else ""
