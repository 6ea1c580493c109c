"""What every Fetcher promises: the one that connects, and the one in memory that stands in for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network

import pytest

from image_store.adapters.remote import AddressRules, HttpFetcher
from image_store.adapters.system import SystemClock
from image_store.domain.errors import UrlNotAllowed
from image_store.ports.images import Fetcher, RemoteFile
from tests.fakes.fetcher import MemoryFetcher
from tests.remote.servers import Server, answer, saying

pytestmark = pytest.mark.loopback

BODY = b"a picture"
CLOCK = SystemClock()


@dataclass
class Reach:
    """A fetcher, a URL that leads to BODY, and one that leads nowhere."""

    fetcher: Fetcher
    url: str
    elsewhere: str

    def fetch(self, url: str, *, max_bytes: int = 100) -> RemoteFile:
        return self.fetcher.fetch(url, max_bytes=max_bytes, until=CLOCK.now() + timedelta(seconds=10))


@pytest.fixture(params=["http", "memory"])
def reach(request: pytest.FixtureRequest) -> Iterator[Reach]:
    with Server(saying(answer(BODY, "Content-Type: image/png"))) as server:
        url = f"http://127.0.0.1:{server.port}/a.png"
        fetcher: Fetcher = MemoryFetcher({url: RemoteFile(BODY, "image/png")})
        if request.param == "http":
            rules = AddressRules(networks=[ip_network("127.0.0.1/32")])
            fetcher = HttpFetcher(rules, clock=CLOCK, report=lambda _reason, _url: None)
        yield Reach(fetcher, url, f"http://[::1]:{server.port}/a.png")


def test_what_a_url_leads_to_comes_with_its_type(reach: Reach) -> None:
    assert reach.fetch(reach.url) == RemoteFile(BODY, "image/png")


def test_exactly_the_limit_is_taken(reach: Reach) -> None:
    assert reach.fetch(reach.url, max_bytes=len(BODY)).data == BODY


def test_more_than_the_limit_is_not_allowed(reach: Reach) -> None:
    with pytest.raises(UrlNotAllowed):
        reach.fetch(reach.url, max_bytes=len(BODY) - 1)


def test_a_url_that_leads_nowhere_is_not_allowed(reach: Reach) -> None:
    with pytest.raises(UrlNotAllowed):
        reach.fetch(reach.elsewhere)
