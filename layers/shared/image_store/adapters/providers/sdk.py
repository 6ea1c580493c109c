"""What carries the requests of SDKs: one exchange, read within our own bounds.

An SDK makes the request: address, headers, form. What it makes of an answer does not count, since it refuses a whole
answer for a number of another type than documented. So it is told an empty one, and the real one is kept for us.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from image_store.adapters.providers.failures import failure
from image_store.adapters.providers.plain_http import Answer, PlainHttp
from image_store.domain.generation.providers import ProviderFailure, Reason

if TYPE_CHECKING:
    import httpx2

_OF_THE_CONNECTION = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding"}
)


class SdkExchange:
    """A transport of httpx2's for one request; a second one, such as a retry or a redirect, is refused."""

    def __init__(self, http: PlainHttp, *, until: datetime) -> None:
        self._http = http
        self._until = until
        self._was_used = False
        self._answer: Answer | None = None
        self._failure: ProviderFailure | None = None

    def client(self) -> "httpx2.Client":
        """A client that speaks through it alone, whatever proxies the environment names."""
        import httpx2

        return httpx2.Client(
            transport=cast("httpx2.BaseTransport", self), trust_env=False, follow_redirects=False
        )

    def idle_client(self) -> "httpx2.AsyncClient":
        """What Google's SDK makes beside it and never uses; its own would read the system's certificates each time."""
        import httpx2

        return httpx2.AsyncClient(transport=cast("httpx2.AsyncBaseTransport", self), trust_env=False)

    def outcome(self) -> Answer:
        """The answer to the request; ProviderFailure when there is none."""
        if self._answer is None:
            raise self._failure or failure(Reason.UNAVAILABLE)  # nothing was sent
        return self._answer

    def handle_request(self, request: "httpx2.Request") -> "httpx2.Response":
        """What a transport does."""
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
