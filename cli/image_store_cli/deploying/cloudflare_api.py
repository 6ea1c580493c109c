"""Calls Cloudflare's API (v4) with the token of the person who deploys.

Requests that repeat safely are retried after a lost response or an error of the server. A POST makes something new each
time, so it is only repeated after 429, which changed nothing.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from image_store_cli.display.texts import plain
from image_store_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DEFAULT_BASE = "https://api.cloudflare.com/client/v4"
BASE_VARIABLE = "CLOUDFLARE_API_BASE_URL"
JURISDICTION_HEADER = "cf-r2-jurisdiction"
TRIES = 4
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 310.0
"""Cloudflare blocks a token that sent too much for five minutes."""
REQUEST_SECONDS = 30
PAGE_ITEMS = 50
MAX_PAGES = 20
"""An account has at most 500 tokens."""

NO_SUCH_BUCKET = 10006
BUCKET_EXISTS = 10004
R2_IS_OFF = 10042
NO_PERMISSION = {1001, 9109, 10000}


class CloudflareRefused(CommandError):
    """Cloudflare refused a request; `codes` are its own."""

    code = "cloudflare_refused"

    def __init__(self, message: str, *, status: int, codes: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.codes = codes
        self.may_pass = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_missing(self) -> bool:
        """Whether the object of the request does not exist."""
        return self.status == HTTPStatus.NOT_FOUND


class CloudflareApi:
    """One account of Cloudflare's API; the token is sent to `base` alone, and never printed."""

    def __init__(
        self,
        token: str,
        *,
        account: str,
        http: httpx.Client,
        sleep: Callable[[float], None],
        base: str = DEFAULT_BASE,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.account = account
        self._token = token
        self._http = http
        self._sleep = sleep
        self._note = note
        self._base = _checked_base(base)

    def __repr__(self) -> str:
        return f"CloudflareApi({self.account})"

    def with_token(self, token: str) -> CloudflareApi:
        """Return the same account with another token."""
        return CloudflareApi(
            token,
            account=self.account,
            http=self._http,
            sleep=self._sleep,
            base=self._base,
            note=self._note,
        )

    def of_account(self, method: str, path: str, **options: Any) -> Any:
        """Call a path of the account and return the result; CloudflareRefused if it is refused."""
        return self.call(method, f"/accounts/{self.account}{path}", **options)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        jurisdiction: str | None = None,
        purpose: str = "",
    ) -> Any:
        """Call a path and return the result; `purpose` names the permission in the message of a refusal."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if jurisdiction is not None:
            headers[JURISDICTION_HEADER] = jurisdiction
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, TRIES + 1):
            is_last = attempt == TRIES
            try:
                answer = self._http.request(
                    method,
                    f"{self._base}{path}",
                    json=body,
                    params=query,
                    headers=headers,
                    timeout=REQUEST_SECONDS,
                    follow_redirects=False,
                )
            except httpx.HTTPError as failed:
                if is_last or method == "POST":
                    raise CloudflareRefused(
                        f"Cloudflare's API does not answer {method} {path} ({type(failed).__name__}). Run the command "
                        "again: it continues where it stopped.",
                        status=HTTPStatus.SERVICE_UNAVAILABLE,
                    ) from failed
                self._sleep(pause)
            else:
                if is_last or not _may_repeat(method, answer.status_code):
                    return _result(answer, f"{method} {path}", purpose)
                pause = _pause(answer, pause)
                if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                    self._note(f"Cloudflare's rate limit is reached: the next try is in {pause:.0f} s.")
                self._sleep(pause)
            pause *= 2
        raise AssertionError  # the last try returns or raises

    def pages(self, path: str, *, purpose: str) -> Iterator[Any]:
        """Yield the entries of all pages of a list of the account."""
        for page in range(1, MAX_PAGES + 1):
            entries = (
                self.of_account("GET", path, query={"page": page, "per_page": PAGE_ITEMS}, purpose=purpose)
                or []
            )
            yield from entries
            if len(entries) < PAGE_ITEMS:
                return


def _may_repeat(method: str, status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and method != "POST"
    )


def _pause(answer: httpx.Response, otherwise: float) -> float:
    """How long to wait: as the server says, within bounds; `otherwise` if it says nothing that makes sense."""
    try:
        seconds = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return otherwise
    if not seconds >= 0:  # NaN is a float too
        return otherwise
    return min(seconds, LONGEST_PAUSE_SECONDS)


def _result(answer: httpx.Response, request: str, purpose: str) -> Any:
    """The result in an answer; a firewall may answer with HTML, and some routes with `{code, error}`."""
    try:
        body = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    if isinstance(body, dict) and answer.is_success and body.get("success", False):
        return body.get("result")
    errors = body.get("errors") if isinstance(body, dict) else None
    entries = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    codes = tuple(each["code"] for each in entries if isinstance(each.get("code"), int))
    texts = [
        f"{plain(str(each.get('message', ''))).rstrip('.')} (code {each.get('code')})" for each in entries
    ]
    message = f"Cloudflare refused {request}: {'; '.join(texts) or f'status {answer.status_code}'}."
    if R2_IS_OFF in codes:
        message += " Turn R2 on for this account in Cloudflare's dashboard, under R2, and run this again."
    elif purpose and _is_permission(answer.status_code, codes):
        message += f" The API token needs the permission {purpose}."
    raise CloudflareRefused(message, status=answer.status_code, codes=codes)


def _is_permission(status: int, codes: tuple[int, ...]) -> bool:
    """Whether a token may not do what a request asks for."""
    refusals = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    return status in refusals or not NO_PERMISSION.isdisjoint(codes)


def _checked_base(base: str) -> str:
    parts = urlsplit(base)
    is_local = parts.hostname in {"localhost", "127.0.0.1"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise UsageError(f"{BASE_VARIABLE} must be an https address: the API token is sent there.")
    return base.rstrip("/")
