"""The connections of a process that serves many callers, one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from image_store_client import ImageStore

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 5.0
"""A connection that was idle for longer may be gone, above all in a process that was frozen meanwhile."""


class Connections:
    """One pool of connections; each store has the credential of its caller, and nothing is sent without one.

    All requests end by the deadline of the store that was made last. They are not repeated: the caller is told to try
    again, and knows better whether that still makes sense. `transport` replaces the network in tests.
    """

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport
        self._client: httpx.Client | None = None
        self._until = 0.0

    def store(self, url: str, *, token: str, owner: str | None, seconds: float) -> ImageStore:
        """The store at an address, for one caller; requests after so many seconds fail as timed out."""
        from image_store_client import ImageStore

        self._until = time.monotonic() + seconds
        return ImageStore(url, token=token, owner=owner, max_retries=0, http_client=self._http_client())

    def _http_client(self) -> httpx.Client:
        if self._client is None:
            from http.cookiejar import CookieJar, DefaultCookiePolicy

            import httpx

            self._client = httpx.Client(
                # A cookie that something in front of the store sets for one caller must not sign in the next one.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                transport=self._transport
                or httpx.HTTPTransport(retries=1, limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS)),
                event_hooks={"request": [self._limit]},
            )
        return self._client

    def _limit(self, request: httpx.Request) -> None:
        import httpx

        seconds = self._until - time.monotonic()
        if seconds <= 0:
            raise httpx.ReadTimeout("There is no time left for another request.", request=request)
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        request.extensions["timeout"] = timeout.as_dict()
