"""Sends signed requests to webhooks, as `connections` reaches them; redirects are not followed.

What an endpoint answers is not kept: only its status matters. Why there was no answer is told in few words, so that
nobody can explore a network through the store. The log has the reason.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from urllib3.exceptions import HTTPError, ReadTimeoutError

from image_store.adapters.remote.addresses import Address, AddressRules
from image_store.adapters.remote.connections import (
    Connections,
    Exchange,
    Resolve,
    Timeouts,
    resolve,
    system_trust,
)
from image_store.adapters.remote.refusal import FetchRefusal, Unreachable
from image_store.adapters.remote.urls import Target, parse_target
from image_store.ports.system import Clock
from image_store.ports.webhook_sending import EndpointAnswer, Sender

_MAX_ANSWER_BYTES = 64 * 1024
"""More of an answer is not read."""
_CHUNK_BYTES = 16 * 1024
_ASKS_TO_WAIT = (429, 503)
_SECONDS = re.compile(r"[0-9]{1,9}")
_TIMEOUTS = Timeouts(read=10.0)  # the time limit of the whole request ends it earlier

Report = Callable[[str, str], None]
"""Receives the reason why there was no answer, and the URL without its query."""


class HttpSender(Sender):
    """Sender over HTTP/1.1, each request on a connection of its own."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        clock: Clock,
        report: Report,
        resolve: Resolve = resolve,
        trust: Callable[[], ssl.SSLContext] = system_trust,
        timeouts: Timeouts = _TIMEOUTS,
    ) -> None:
        def connections(rules: AddressRules) -> Connections:
            return Connections(rules, clock=clock, resolve=resolve, trust=trust, timeouts=timeouts)

        without_tls = _PrivateNetworksAlone(hosts=rules.hosts, networks=rules.networks)
        self._connections = {"https": connections(rules), "http": connections(without_tls)}
        self._clock = clock
        self._report = report

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, until: datetime) -> EndpointAnswer:
        trail: list[Target] = []
        try:
            return self._answer_of(url, trail, headers=headers, body=body, until=until)
        except FetchRefusal as refusal:
            reason, error = refusal.reason, "unreachable"
        except ssl.SSLError as failure:
            reason, error = type(failure).__name__, "tls"
        except (OSError, ValueError, HTTPException, HTTPError) as failure:
            reason = type(failure).__name__  # their texts contain whole URLs
            error = "timeout" if isinstance(failure, TimeoutError | ReadTimeoutError) else "unreachable"
        if self._clock.now() >= until:  # however the time limit has ended the connection
            error = "timeout"
        self._report(reason, trail[-1].without_query if trail else "")
        return EndpointAnswer(error=error)

    def _answer_of(
        self, url: str, trail: list[Target], *, headers: Mapping[str, str], body: bytes, until: datetime
    ) -> EndpointAnswer:
        target = parse_target(url)
        trail.append(target)
        sent = {**headers, "Accept": "*/*"}
        connections = self._connections[target.scheme]
        with connections.exchange(target, until, headers=sent, method="POST", body=body) as exchange:
            if exchange.time_limit.has_expired:  # then the headers may be incomplete
                raise Unreachable("out of time")
            _read_some(exchange)
            status = exchange.response.status
            if status not in _ASKS_TO_WAIT:
                return EndpointAnswer(status=status)
            header = exchange.response.headers.get("Retry-After", "")
            return EndpointAnswer(status=status, retry_after=_retry_after(header, self._clock.now()))


def _retry_after(header: str, now: datetime) -> timedelta | None:
    """The time of a Retry-After: seconds or a date (RFC 9110, 10.2.3); None if it is neither, or in the past."""
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
        wait = at.replace(tzinfo=at.tzinfo or UTC) - now  # a date with the zone -0000 comes without one
    except (ValueError, OverflowError):
        return None
    return wait if wait > timedelta(0) else None


class _PrivateNetworksAlone(AddressRules):
    """What may be reached without TLS: networks that the deployment allows by name, whatever else is public."""

    def check_address(self, address: Address, *, is_default_port: bool) -> None:
        super().check_address(address, is_default_port=is_default_port)
        if not any(address in network for network in self.networks):
            raise FetchRefusal("http leads outside of the allowed networks")


def _read_some(exchange: Exchange) -> None:
    """Read the body up to a bound, so that the endpoint can finish its answer; whatever fails here changes nothing."""
    with suppress(OSError, HTTPException, HTTPError):
        left = _MAX_ANSWER_BYTES
        while left > 0 and (chunk := exchange.response.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
