"""Reads pictures that an answer only links to, by the rules for remote URLs."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from image_store.adapters.providers.plain_http import MAX_ANSWER_BYTES, PlainHttp
from image_store.domain.errors import UrlNotAllowed
from image_store.domain.generation.providers import ProviderFailure
from image_store.domain.images.media import sniff
from image_store.ports.images import Fetcher
from image_store.ports.system import Clock

_TRIES = 3
_PAUSE_SECONDS = 0.5
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Links:
    """Reads the links in the answers of one provider.

    The origin that the deployment configures as the provider's address may be private, since the store calls it anyway.
    Every other address must be public, or in `RemoteHosts` and `RemoteNetworks`.
    """

    def __init__(
        self,
        address: str | None,
        *,
        http: PlainHttp,
        fetcher: Callable[[], Fetcher],
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._http = http
        self._fetcher = fetcher
        self._clock = clock
        self._sleep = sleep

    def open(self, links: tuple[str, ...], *, until: datetime) -> bytes | None:
        """Read the first picture behind one of the links. It was paid for, so a link that fails is tried again."""
        for number in range(_TRIES):
            for link in links:
                data = self._opened(link, until)
                if data is not None and sniff(data) is not None:
                    return data
            pause = _PAUSE_SECONDS * 2**number
            if number + 1 == _TRIES or self._clock.now() + timedelta(seconds=pause) >= until:
                break
            self._sleep(pause)
        return None

    def _opened(self, link: str, until: datetime) -> bytes | None:
        try:
            url = urljoin(self._address or "", link)
            if self._address is not None and _origin(url) == _origin(self._address):
                answer = self._http.send("GET", url, headers={}, until=until)
                return answer.data if answer.is_success and answer.broken is None else None
            return self._fetcher().fetch(url, max_bytes=MAX_ANSWER_BYTES, until=until).data
        except (UrlNotAllowed, ProviderFailure, ValueError):
            return None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
