"""Purges Cloudflare's cache; no other module calls its API.

A purge has two steps, each with at most 100 entries a call, which every plan accepts:

1. By URL (`files`): takes effect at once, and its rate limit is beyond what a deployment needs.
2. By prefix (`prefixes`, one for each folder): the cache also keys its entries by query string and by the visitor's
   Origin header, so a purge by URL leaves `thumb.webp?x` and copies that scripts of other sites loaded. These calls
   are scarce (five a minute on the free plan, with a burst of 25), and a folder needs one entry.

No exception carries the token, neither in its message nor in its cause.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cached_property
from itertools import batched
from typing import Any
from urllib.parse import quote

from image_store.domain.errors import ConfigurationError, StorageUnavailable
from image_store.ports.delivery import Purger

ENTRIES_PER_CALL = 100
"""Cloudflare's limit on every plan (Cache, "Purge cache", July 2026)."""
_CONNECT_SECONDS = 2.0
_MAX_WAIT = timedelta(hours=1)
_OK = 200
_TOO_MANY_REQUESTS = 429
_REFUSED = frozenset({401, 403})
_TOKEN = re.compile(r"[!-~]+")


class CloudflarePurger(Purger):
    """Purger on one zone; the token is read at the first call."""

    def __init__(
        self, *, api_url: str, zone_id: str, token: Callable[[], str], read_seconds: float = 3.0
    ) -> None:
        self._url = f"{api_url}/client/v4/zones/{quote(zone_id, safe='')}/purge_cache"
        self._token = token
        self._read_seconds = read_seconds

    def purge(self, urls: Collection[str]) -> None:
        for files in batched(urls, ENTRIES_PER_CALL, strict=False):
            self._send({"files": list(files)})
        folders = dict.fromkeys(url.partition("://")[2].rpartition("/")[0] for url in urls)
        for prefixes in batched(folders, ENTRIES_PER_CALL, strict=False):
            self._send({"prefixes": list(prefixes)})

    def _send(self, body: Mapping[str, list[str]]) -> None:
        status, headers, response = self._post(json.dumps(body).encode())
        if status == _TOO_MANY_REQUESTS:
            raise StorageUnavailable(
                "The CDN accepts no more purges for now.", retry_after=_wait(headers.get("Retry-After"))
            )
        if status in _REFUSED:
            raise ConfigurationError("The CDN refuses the API token: it may not purge this zone.")
        if status != _OK or not _is_success(response):
            raise StorageUnavailable(f"The CDN did not purge: it answered {status}.")

    def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        from urllib3.exceptions import HTTPError

        headers = {"Authorization": f"Bearer {self._usable_token()}", "Content-Type": "application/json"}
        try:
            response = self._pool.request("POST", self._url, body=body, headers=headers, redirect=False)
        except HTTPError as exc:
            raise StorageUnavailable("The CDN did not answer.") from exc
        return response.status, response.headers, response.data

    def _usable_token(self) -> str:
        """The token; checked here, because http.client would show it in its own error."""
        token = self._token()
        if not _TOKEN.fullmatch(token):
            raise ConfigurationError(
                "The CDN's API token is empty or has characters that a token cannot have."
            )
        return token

    @cached_property
    def _pool(self) -> Any:
        """Kept connections; a connection that fails is tried twice."""
        from urllib3 import PoolManager, Retry, Timeout

        return PoolManager(
            timeout=Timeout(connect=_CONNECT_SECONDS, read=self._read_seconds),
            retries=Retry(total=1, connect=1, read=0, redirect=0, status=0, other=0),
        )


def _is_success(response: bytes) -> bool:
    try:
        body = json.loads(response)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("success") is True


def _wait(text: str | None) -> timedelta | None:
    """Retry-After in seconds; None for a date or any other text."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    return min(timedelta(seconds=int(text[:9])), _MAX_WAIT)
