"""Port of the requests to webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAnswer:
    """What an endpoint answered to a request."""

    status: int | None = None
    """None if there was no answer."""
    error: str | None = None
    """`timeout`, `tls` or `unreachable` if there was no answer; an address that may not be reached is unreachable."""
    retry_after: timedelta | None = None
    """How long an endpoint with too much to do (429, 503) asks to wait."""


class Sender(Protocol):
    """Sends requests to endpoints."""

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, until: datetime) -> EndpointAnswer:
        """Send a POST and return its answer, of whatever status; redirects are not followed. It raises nothing."""
        ...
