"""Sends requests to the store's HTTP API: with a token, with retries, and with errors as exceptions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from image_store_cli import VERSION
from image_store_cli.errors import NotOffered, Unavailable
from image_store_cli.problems import error_of
from image_store_cli.retries import (
    LOOK_AGAIN_SECONDS,
    RetryPolicy,
    is_under_way,
    is_worth_repeating,
    retry_after,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from image_store_cli.tokens import Tokens

TIMEOUT = httpx.Timeout(60, connect=10)
AGENT = f"image-store-cli/{VERSION}"
OWNER_HEADER = "Image-Store-Owner"
"""Names the owner that the caller acts for, percent-encoded."""
REPEATABLE = {"GET", "HEAD", "PUT", "PATCH", "DELETE"}


class ApiClient:
    """One store for one caller; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        *,
        owner: str | None = None,
        http: httpx.Client | None = None,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self.tokens = tokens
        self._about = {OWNER_HEADER: quote(owner, safe="")} if owner else {}
        self.http = http or new_client()
        self.ahead = timedelta(0)
        """How far the store's clock is ahead of this one, by its last response; whole seconds."""
        self._policy = policy or RetryPolicy()
        self._sleep = sleep

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET; parameters that are None are left out."""
        return json_of(self.request("GET", path, params=params))

    def post(self, path: str, body: Any = None, *, repeatable: bool = False, key: str | None = None) -> Any:
        """Return the JSON of a POST; it is repeated after a lost response only if that is safe."""
        headers = {"Idempotency-Key": key} if key else {}
        repeatable = repeatable or key is not None
        return json_of(self.request("POST", path, json=body, headers=headers, repeatable=repeatable))

    def patch(self, path: str, changes: dict[str, Any]) -> Any:
        """Send a merge patch and return the JSON."""
        return json_of(self.request("PATCH", path, json=changes))

    def delete(self, path: str, **params: Any) -> None:
        """Send a DELETE whose response has no content."""
        self.request("DELETE", path, params=params)

    def pages(
        self,
        path: str,
        *,
        most: int | None = None,
        on_page: Callable[[Mapping[str, Any]], None] = lambda _: None,
        signed_in: bool = True,
        **params: Any,
    ) -> Iterator[dict[str, Any]]:
        """Iterate over the items of a list, page by page, up to `most`; `on_page` gets each page before its items."""
        cursor: str | None = None
        number = 0
        while True:
            query = {**params, "cursor": cursor}
            page = json_of(self.request("GET", path, params=query, signed_in=signed_in))
            on_page(page)
            for item in page["items"]:
                if most is not None and number >= most:
                    return
                yield item
                number += 1
            cursor = page.get("next_cursor")
            if cursor is None or (most is not None and number >= most):
                return

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        repeatable: bool | None = None,
        signed_in: bool = True,
    ) -> httpx.Response:
        """Return the response to a request if it is 2xx or 3xx; raise a CommandError otherwise.

        The request is repeated while the store asks to wait (429, 503). After network errors it is repeated only if it
        is repeatable.
        """
        repeats = method in REPEATABLE if repeatable is None else repeatable
        pairs = params.items() if isinstance(params, Mapping) else params or ()
        query = [(name, value) for name, value in pairs if value is not None]
        waited, attempt, renewed = 0.0, 0, False
        while True:
            token = self.tokens.current() if signed_in else None
            signed = {"Authorization": f"Bearer {token}", **self._about} if token else {}
            all_headers = {**(headers or {}), **signed}
            answer: httpx.Response | None = None
            try:
                answer = self.http.request(
                    method, f"{self.url}{path}", params=query, headers=all_headers, json=json, content=content
                )
            except httpx.TransportError as failed:
                if not repeats and not isinstance(failed, httpx.ConnectError):
                    raise self._unreachable(failed) from failed
                pause = self._policy.wait(attempt, None)
                if pause is None:
                    raise self._unreachable(failed) from failed
            else:
                self.ahead = ahead_of_us(answer) or self.ahead
                if answer.status_code < 400:
                    return answer
                if answer.status_code == 401 and token and not renewed and self.tokens.renew(token):
                    renewed = True
                    continue
                if not is_worth_repeating(answer, repeatable=repeats):
                    raise error_of(answer)
                if is_under_way(answer):
                    pause, attempt = LOOK_AGAIN_SECONDS, 0
                else:
                    pause = self._policy.wait(attempt, retry_after(answer))
            if pause is None or waited + pause > self._policy.total_wait:
                raise error_of(answer) if answer is not None else self._unreachable(None)
            self._sleep(pause)
            waited += pause
            attempt += 1

    def _unreachable(self, failed: Exception | None) -> Unavailable:
        why = unreachable_because(failed)
        return Unavailable(f"The store at {self.url} does not answer: {why}.")


def ahead_of_us(answer: httpx.Response) -> timedelta | None:
    """Compare the server's clock with this one: how far it is ahead, None if the response has no date."""
    try:
        server_time = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return server_time - datetime.now(UTC) if server_time.tzinfo else None


def json_of(answer: httpx.Response) -> Any:
    """Read the JSON of a response; NotOffered if it is something else, such as the page of another web server."""
    try:
        return answer.json()
    except ValueError:
        raise NotOffered(
            f"{answer.request.url.host} answered {answer.request.url.path} without JSON: "
            "it is not the address of an image store."
        ) from None


def new_client() -> httpx.Client:
    """Create a client for the API and for links into storage.

    It does not follow redirects, because they lead to storage, which must not get the token.
    """
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
    return httpx.Client(timeout=TIMEOUT, limits=limits, headers={"User-Agent": AGENT}, follow_redirects=False)


def unreachable_because(failed: Exception | None) -> str:
    """Explain why there was no response; without the address, which may hold a signature."""
    if isinstance(failed, httpx.ConnectTimeout):
        return "no connection within 10 seconds"
    if isinstance(failed, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(failed, httpx.ConnectError):
        text = str(failed)
        return text if text and "://" not in text else "no connection"
    return "the connection broke" if failed is not None else "it asks for a longer wait than allowed"
