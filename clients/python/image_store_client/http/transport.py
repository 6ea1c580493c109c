"""Sends requests to the API, repeats them where that is safe, and turns failures into `ImageStoreError`."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from image_store_client.errors import ImageStoreError, UnavailableError
from image_store_client.http.answer_cache import AnswerCache
from image_store_client.http.problems import error_of, storage_error, time_of
from image_store_client.http.retries import (
    LOOK_AGAIN_SECONDS,
    RetryPolicy,
    is_under_way,
    is_worth_repeating,
    needs_another_token,
)
from image_store_client.http.runtime import MOST_ANSWER_BYTES, OutgoingRequest, TooLargeAnswer
from image_store_client.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_store_client.delivery import ImageShare
    from image_store_client.errors import ClientCode
    from image_store_client.http.credentials import Credentials, HeldToken
    from image_store_client.http.runtime import Runtime

AGENT = f"image-store-python/{__version__}"
OWNER_HEADER = "Image-Store-Owner"
"""Names the owner that the caller acts for, percent-encoded."""
REPEATABLE = {"GET", "HEAD", "PUT", "PATCH", "DELETE"}
OWN_PATHS = re.compile(r"/(v1|docs|openapi\.json|config\.json)(/.*)?$")
"""Paths of the API, which are no part of a store's address."""
CONNECT_SECONDS = 10.0
ONCE = RetryPolicy(max_retries=0)
MOST_REDIRECTS = 5


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
        self.share_cache: AnswerCache[ImageShare] = AnswerCache(runtime)
        """The shares of all owners that later calls may use again."""

    def with_owner(self, owner: str) -> Transport:
        """Return the same connection for another owner; `invalid_request` without one."""
        other = copy.copy(self)
        other.owner = known_owner(owner)
        return other

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request as `request` does, and return the JSON of its response."""
        return body_of(await self.request(method, path, **options))

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
        waited, retries, is_renewed = 0.0, 0, False
        while True:
            token = await self.credentials.current() if signed_in else None
            outgoing = OutgoingRequest(
                method, f"{self.url}{path}", query, self._headers(token, headers), json, files, content
            )
            try:
                answer = await self.runtime.send(outgoing)
            except httpx.RequestError as failed:
                error: ImageStoreError = self._unreachable(failed)
                is_harmless = repeats or isinstance(failed, httpx.ConnectError)
                pause = policy.wait(retries, None) if is_harmless else None
            except TooLargeAnswer:
                error, pause = self._too_large(method, path), None
            except httpx.InvalidURL:  # httpx reads the header Location of a redirect that nobody follows
                error, pause = self._no_address(method, path), None
            else:
                self.ahead = ahead_of_us(answer) or self.ahead
                if answer.status_code < 400:
                    return answer
                error = error_of(answer)
                if token and not is_renewed and needs_another_token(error):
                    is_renewed = True
                    if await self.credentials.renew(token):
                        continue
                if not is_worth_repeating(error, repeatable=repeats):
                    raise error
                if is_under_way(error):
                    pause, retries = LOOK_AGAIN_SECONDS, 0
                else:
                    pause = policy.wait(retries, error.retry_after)
            if pause is None or waited + pause > policy.total_wait:
                raise error
            await self.runtime.sleep(pause)
            waited += pause
            retries += 1

    async def fetch(
        self, link: str, sink: Callable[[bytes], object], *, on_bytes: Callable[[int], object]
    ) -> None:
        """Send the bytes behind a link into `sink`, without a token. It is not repeated: the sink has some bytes.

        `on_bytes` gets the number of bytes that the sink has.
        """
        headers = {"Accept-Encoding": "identity"}  # the checksum is that of the bytes as they are stored
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._of_storage(
                OutgoingRequest("GET", link, headers=headers, sink=sink, on_bytes=on_bytes)
            )
            target = target_of(answer) if answer.has_redirect_location else None
            if target is None:
                break
            link = target
        else:
            raise storage_unreachable("it redirects too often")
        if answer.status_code != 200:
            raise storage_error(answer)

    async def put(
        self,
        link: str,
        headers: Mapping[str, str],
        open_chunks: Callable[[], Iterator[bytes]],
        *,
        on_bytes: Callable[[int], object],
    ) -> ImageStoreError | None:
        """Send bytes to a link once, without a token, and return what failed.

        A 412 is no failure: it means that an earlier request has arrived.
        """
        request = OutgoingRequest("PUT", link, headers=dict(headers), chunks=open_chunks, on_bytes=on_bytes)
        try:
            answer = await self._of_storage(request)
        except UnavailableError as failed:
            return failed
        return None if answer.is_success or answer.status_code == 412 else storage_error(answer)

    async def _of_storage(self, request: OutgoingRequest) -> httpx.Response:
        try:
            return await self.runtime.send(request)
        except (httpx.RequestError, httpx.InvalidURL, TooLargeAnswer) as failed:
            why = unreachable_because(failed)
            code = _code_of(failed)
        raise storage_unreachable(why, code=code)  # without its cause, which has the link and its signature

    def _headers(self, token: HeldToken | None, headers: Mapping[str, str] | None) -> dict[str, str]:
        signed = {"Authorization": f"Bearer {token.text}"} if token else {}
        acting = {OWNER_HEADER: quote(self.owner, safe="")} if token and self.owner else {}
        return {**(headers or {}), **signed, **acting}

    def _unreachable(self, failed: Exception) -> UnavailableError:
        why = unreachable_because(failed)
        error = UnavailableError(f"The store at {self.url} does not answer: {why}.", code=_code_of(failed))
        if isinstance(failed, httpx.NetworkError | httpx.TimeoutException):
            error.__cause__ = failed  # other errors may show a link of a response
        return error

    def _too_large(self, method: str, path: str) -> ImageStoreError:
        return ImageStoreError(
            f"{self.url}{path} answered with more than {MOST_ANSWER_BYTES // 1_000_000} MB: "
            "it is not the address of an image store.",
            code="not_an_image_store",
            request=f"{method} {path}",
        )

    def _no_address(self, method: str, path: str) -> ImageStoreError:
        return ImageStoreError(
            f"The address of a request to {self.url}, or of the redirect that answered it, is none.",
            code="not_an_image_store",
            request=f"{method} {path}",
        )


def body_of(answer: httpx.Response) -> Any:
    """The JSON of a response; `not_an_image_store` for anything else."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        request = answer.request
        raise ImageStoreError(
            f"{request.url.host} answered {request.url.path} without JSON: it is not the address of an image store.",
            code="not_an_image_store",
            status=answer.status_code,
            request=f"{request.method} {request.url.path}",
        ) from None


def known_owner(owner: object) -> str:
    """Return an owner; `invalid_request` for none, with which a request would act for the caller itself."""
    if not isinstance(owner, str) or not owner.strip():
        raise ImageStoreError("The owner to act for is missing.", code="invalid_request")
    return owner


def storage_unreachable(why: str, *, code: ClientCode = "network_error") -> UnavailableError:
    """The error about a storage that did not answer."""
    return UnavailableError(f"Storage does not answer: {why}.", code=code)


def target_of(answer: httpx.Response) -> str | None:
    """The address in the header Location; None if it has none that a request could use."""
    location = answer.headers.get("location", "").strip()
    if not location:
        return None
    try:
        target = answer.request.url.join(location)
    except (httpx.InvalidURL, ValueError):
        return None
    return str(target) if target.scheme in {"http", "https"} and target.host else None


def unreachable_because(failed: Exception) -> str:
    """Explain why there was no response; without the address, which may hold a signature."""
    if isinstance(failed, httpx.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS:.0f} seconds"
    if isinstance(failed, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(failed, httpx.ConnectError):
        text = str(failed)
        return text if text and "://" not in text else "no connection"
    if isinstance(failed, TooLargeAnswer):
        return "its answer is too long"
    if isinstance(failed, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "its address is wrong"
    return "the connection broke"


def _code_of(failed: Exception) -> ClientCode:
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
    if path := OWN_PATHS.search(parts.path):
        raise ValueError(
            f"The address of a store is without {path[0]}: leave it out, the client adds it itself."
        )
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
