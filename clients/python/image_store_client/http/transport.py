"""Sends requests to the API, repeats them where that is safe, and turns failures into `ImageStoreError`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from image_store_client.errors import ImageStoreError, UnavailableError
from image_store_client.http.problems import error_of, storage_error
from image_store_client.http.retries import (
    LOOK_AGAIN_SECONDS,
    STORAGE_MAY_RECOVER,
    RetryPolicy,
    is_under_way,
    is_worth_repeating,
    retry_after,
    time_of,
)
from image_store_client.http.runtime import OutgoingRequest
from image_store_client.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_store_client.http.credentials import Credentials
    from image_store_client.http.runtime import Runtime

AGENT = f"image-store-python/{__version__}"
OWNER_HEADER = "Image-Store-Owner"
"""Names the owner that the caller acts for, percent-encoded."""
REPEATABLE = {"GET", "HEAD", "PUT", "PATCH", "DELETE"}
CONNECT_SECONDS = 10.0
ONCE = RetryPolicy(tries=1)


class Transport:
    """The connection to one store for one caller and owner."""

    def __init__(
        self,
        url: str,
        runtime: Runtime,
        credentials: Credentials,
        *,
        owner: str | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self.url = address(url)
        self.runtime = runtime
        self.credentials = credentials
        self.owner = None if owner is None else known_owner(owner)
        self.policy = policy or RetryPolicy()
        self.ahead = timedelta(0)
        """How far the store's clock is ahead of this one, by its last response; whole seconds."""

    def with_owner(self, owner: str) -> Transport:
        """Return the same connection for another owner; `invalid_request` without one."""
        return Transport(
            self.url, self.runtime, self.credentials, owner=known_owner(owner), policy=self.policy
        )

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request as `request` does, and return the JSON of its response."""
        answer = await self.request(method, path, **options)
        try:
            return answer.json()
        except ValueError:
            raise ImageStoreError(
                f"{answer.request.url.host} answered {answer.request.url.path} without JSON: "
                "it is not the address of an image store.",
                code="not_an_image_store",
                status=answer.status_code,
                request=f"{method} {path}",
            ) from None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        files: Mapping[str, Any] | None = None,
        repeatable: bool | None = None,
        once: bool = False,
        signed_in: bool = True,
    ) -> httpx.Response:
        """Return the response if it is 2xx or 3xx; raise ImageStoreError otherwise.

        Parameters that are None are left out, and a list is repeated. The request is repeated while the store asks to
        wait (429, 503). After a network error it is repeated only if it is repeatable: by default, every method but
        POST. One that is to be sent `once` is never repeated, except with another token. A redirect is not followed:
        it leads to storage, which must not get the token.
        """
        repeats = method in REPEATABLE if repeatable is None else repeatable
        policy = ONCE if once else self.policy
        query = list(_pairs(params or {}))
        waited, attempt, is_renewed = 0.0, 0, False
        while True:
            token = await self.credentials.current() if signed_in else None
            outgoing = OutgoingRequest(
                method, f"{self.url}{path}", query, self._headers(token, headers), json, files, content
            )
            answer: httpx.Response | None = None
            try:
                answer = await self.runtime.send(outgoing)
            except httpx.RequestError as failed:
                if not repeats and not isinstance(failed, httpx.ConnectError):
                    raise self._unreachable(failed) from failed
                pause = policy.wait(attempt, None)
                if pause is None:
                    raise self._unreachable(failed) from failed
            else:
                self.ahead = ahead_of_us(answer) or self.ahead
                if answer.status_code < 400:
                    return answer
                if answer.status_code == 401 and token and not is_renewed:
                    is_renewed = True
                    if await self.credentials.renew(token):
                        continue
                if not is_worth_repeating(answer, repeatable=repeats):
                    raise error_of(answer, retry_after=retry_after(answer))
                if is_under_way(answer):
                    pause, attempt = LOOK_AGAIN_SECONDS, 0
                else:
                    pause = policy.wait(attempt, retry_after(answer))
            if pause is None or waited + pause > policy.total_wait:
                if answer is None:
                    raise self._unreachable(None)
                raise error_of(answer, retry_after=retry_after(answer))
            await self.runtime.sleep(pause)
            waited += pause
            attempt += 1

    async def fetch(self, link: str, sink: Callable[[bytes], object]) -> None:
        """Send the bytes behind a link into `sink`, without a token. It is not repeated: the sink has some bytes."""
        headers = {"Accept-Encoding": "identity"}  # the checksum is that of the bytes as they are stored
        request = OutgoingRequest("GET", link, headers=headers, sink=sink, follow_redirects=True)
        try:
            answer = await self.runtime.send(request)
        except httpx.RequestError as failed:
            raise storage_unreachable(failed) from failed
        if answer.status_code != 200:
            raise storage_error(answer)

    async def put(
        self, link: str, headers: Mapping[str, str], open_chunks: Callable[[], Iterator[bytes]]
    ) -> None:
        """Send bytes to a link, without a token, and again after a failure: `open_chunks` begins from the start.

        A 412 means that an earlier try has arrived.
        """
        attempt = 0
        while True:
            try:
                answer = await self.runtime.send(
                    OutgoingRequest("PUT", link, headers=dict(headers), chunks=open_chunks)
                )
            except httpx.RequestError as failed:
                pause = self.policy.wait(attempt, None)
                if pause is None:
                    raise storage_unreachable(failed) from failed
            else:
                if answer.status_code < 300 or answer.status_code == 412:
                    return
                waits = answer.status_code in STORAGE_MAY_RECOVER
                pause = self.policy.wait(attempt, retry_after(answer)) if waits else None
                if pause is None:
                    raise storage_error(answer)
            await self.runtime.sleep(pause)
            attempt += 1

    def _headers(self, token: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
        signed = {"Authorization": f"Bearer {token}"} if token else {}
        acting = {OWNER_HEADER: quote(self.owner, safe="")} if token and self.owner else {}
        return {**(headers or {}), **signed, **acting}

    def _unreachable(self, failed: Exception | None) -> UnavailableError:
        why = unreachable_because(failed)
        return UnavailableError(f"The store at {self.url} does not answer: {why}.", code=_code_of(failed))


def known_owner(owner: object) -> str:
    """Return an owner; `invalid_request` for none, with which a request would act for the caller itself."""
    if not isinstance(owner, str) or not owner.strip():
        raise ImageStoreError("The owner to act for is missing.", code="invalid_request")
    return owner


def storage_unreachable(failed: Exception) -> UnavailableError:
    """Explain that storage did not answer."""
    return UnavailableError(f"Storage does not answer: {unreachable_because(failed)}.", code=_code_of(failed))


def unreachable_because(failed: Exception | None) -> str:
    """Explain why there was no response; without the address, which may hold a signature."""
    if isinstance(failed, httpx.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS:.0f} seconds"
    if isinstance(failed, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(failed, httpx.ConnectError):
        text = str(failed)
        return text if text and "://" not in text else "no connection"
    return "the connection broke" if failed is not None else "it asks for a longer wait than allowed"


def _code_of(failed: Exception | None) -> Any:
    return "timeout" if isinstance(failed, httpx.TimeoutException) else "network_error"


def ahead_of_us(answer: httpx.Response) -> timedelta | None:
    """Compare the server's clock with this one: how far it is ahead, None if the response has no date."""
    server_time = time_of(answer.headers.get("date", ""))
    return server_time - datetime.now(UTC) if server_time and server_time.tzinfo else None


def address(url: str) -> str:
    """The base address of a store; ValueError if it is none."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as invalid:
        raise ValueError(f"The address of the store is invalid: {invalid}.") from invalid
    if (
        parts.scheme not in {"http", "https"}
        or not parts.host
        or parts.userinfo
        or parts.query
        or parts.fragment
    ):
        raise ValueError("The address of a store is like https://images.example.com.")
    return url.rstrip("/")


def client_options(timeout_seconds: float) -> dict[str, Any]:
    """The options of an httpx client for the API and for links into storage."""
    return {
        "timeout": httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS),
        "limits": httpx.Limits(max_connections=64, max_keepalive_connections=32),
        "headers": {"User-Agent": AGENT},
    }


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str | int | float | bool]]:
    for name, value in params.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            if each is not None:
                yield name, each
