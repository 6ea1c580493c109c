"""Reads pictures that an answer only links to, by the rules for remote URLs."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urljoin

from image_store.adapters.providers.plain_http import MAX_ANSWER_BYTES, PlainHttp
from image_store.adapters.remote.refusal import FetchRefusal
from image_store.adapters.remote.urls import MAX_REDIRECTS, REDIRECTS, Target, parse_target
from image_store.domain.errors import UrlNotAllowed
from image_store.domain.generation.providers import ProviderFailure
from image_store.domain.images.media import sniff
from image_store.ports.images import Fetcher
from image_store.ports.system import Clock

_TRIES = 3
_PAUSE_SECONDS = 0.5


class Links:
    """Reads the links in the answers of one provider.

    The origin that the deployment configures as the provider's address may be private, since the store calls it anyway.
    Every other address must be public, or in `RemoteHosts` and `RemoteNetworks`, also one that the origin redirects to.
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

    def open(self, links: tuple[str, ...], *, base: str, until: datetime) -> bytes | None:
        """Read the first picture behind one of the links, which may be relative to `base`.

        It was paid for, so a link that fails is tried again.
        """
        for number in range(_TRIES):
            for link in links:
                data = self._opened(base, link, until)
                if data is not None and sniff(data) is not None:
                    return data
            pause = _PAUSE_SECONDS * 2**number
            if number + 1 == _TRIES or self._clock.now() + timedelta(seconds=pause) >= until:
                break
            self._sleep(pause)
        return None

    def _opened(self, base: str, link: str, until: datetime) -> bytes | None:
        try:
            target = parse_target(urljoin(base, link))
            for _ in range(1 + MAX_REDIRECTS):
                if not self._is_own(target):
                    return self._fetcher().fetch(target.url, max_bytes=MAX_ANSWER_BYTES, until=until).data
                answer = self._http.send("GET", target.url, headers={}, until=until)
                if answer.status not in REDIRECTS:
                    return answer.data if answer.is_success and answer.broken is None else None
                target = target.redirect_target(answer.headers.get("Location") or "")
        except (FetchRefusal, UrlNotAllowed, ProviderFailure, ValueError):
            return None
        return None

    def _is_own(self, target: Target) -> bool:
        return self._address is not None and target.origin == parse_target(self._address).origin
