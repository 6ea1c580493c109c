"""A transport for the SDKs of providers: one request, whose answer is read within the bounds of `plain_http`.

An SDK builds the request: address, headers, body. Its reading of the answer is not used, because it rejects a whole
answer for one number of an undocumented type. So the SDK receives an empty answer, and the real one is returned to the
adapter.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from image_store.adapters.providers.failures import failure
from image_store.adapters.providers.plain_http import Answer, PlainHttp
from image_store.domain.generation.providers import ProviderFailure, Reason

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx2

_OF_THE_CONNECTION = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding"}
)


class SdkExchange:
    """An httpx2 transport for one request; a second one, such as a retry or a redirect, is refused."""

    def __init__(self, http: PlainHttp, *, until: datetime) -> None:
        self._http = http
        self._until = until
        self._was_used = False
        self._answer: Answer | None = None
        self._failure: ProviderFailure | None = None

    def client(self) -> "httpx2.Client":
        """A client that uses only this transport and ignores the proxies of the environment."""
        import httpx2

        return httpx2.Client(
            transport=cast("httpx2.BaseTransport", self), trust_env=False, follow_redirects=False
        )

    def idle_client(self) -> "httpx2.AsyncClient":
        """An unused client for Google's SDK, which would otherwise make one and read certificates each time."""
        import httpx2

        return httpx2.AsyncClient(transport=cast("httpx2.AsyncBaseTransport", self), trust_env=False)

    def idle_tls(self) -> "SSLContext":
        """An unused TLS context without authorities, of which Google's SDK would otherwise read all each time."""
        from ssl import PROTOCOL_TLS_CLIENT, SSLContext

        return SSLContext(PROTOCOL_TLS_CLIENT)

    def outcome(self) -> Answer:
        """The answer to the request; ProviderFailure if there is none."""
        if self._answer is None:
            raise self._failure or failure(Reason.UNAVAILABLE)  # nothing was sent
        return self._answer

    def handle_request(self, request: "httpx2.Request") -> "httpx2.Response":
        """Send the request and give the SDK an empty answer."""
        import httpx2

        if self._was_used:
            raise httpx2.ConnectError("One request, one answer.")
        self._was_used = True
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_CONNECTION
        }
        try:
            self._answer = self._http.send(
                request.method, str(request.url), headers=headers, body=request.read(), until=self._until
            )
        except ProviderFailure as failed:
            self._failure = failed
        return httpx2.Response(200, json={})

    def close(self) -> None:
        """Nothing is left open."""

    def __enter__(self) -> "SdkExchange":
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing is left open."""
