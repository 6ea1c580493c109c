"""A1: images from other people's servers, on real sockets. Whatever goes wrong, the caller hears one and the same."""

from __future__ import annotations

import logging
import socket
import threading
import zlib
from collections import Counter
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from image_store.adapters.remote import AddressRules, HttpFetcher
from image_store.adapters.remote.connections import Timeouts
from image_store.adapters.system import SystemClock
from image_store.domain.errors import UrlNotAllowed
from tests.remote.servers import Authority, Server, answer, head, saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from image_store.ports.images import RemoteFile

pytestmark = pytest.mark.loopback

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
MAX_BYTES = 64 * 1024
MESSAGE = UrlNotAllowed().message
HOST = "pictures.example"
IMPATIENT = Timeouts(connect=0.3, read=0.3)
"""So that a server which says nothing costs a test little."""


class Names:
    """A resolver; a host with several answers gives one after another, and `asked` counts."""

    def __init__(self, known: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.asked: Counter[str] = Counter()
        self._known = known

    def __call__(self, host: str) -> Sequence[str]:
        self.asked[host] += 1
        if host not in self._known:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        answers = self._known[host]
        return answers[min(self.asked[host], len(answers)) - 1]


class Browser:
    """A fetcher that may reach 127.0.0.1, and what it reports."""

    def __init__(
        self,
        names: Callable[[str], Sequence[str]] | None = None,
        *,
        authority: Authority | None = None,
        hosts: Sequence[str] = (),
        networks: Sequence[str] = ("127.0.0.1/32",),
        timeouts: Timeouts | None = None,
    ) -> None:
        self.reports: list[tuple[str, str]] = []
        self._clock = SystemClock()
        more = {"trust": authority.trust} if authority else {}
        self._fetcher = HttpFetcher(
            AddressRules(hosts=hosts, networks=[ip_network(text) for text in networks]),
            clock=self._clock,
            report=lambda reason, url: self.reports.append((reason, url)),
            resolve=names or Names({HOST: [["127.0.0.1"]]}),
            timeouts=timeouts,
            **more,
        )

    def fetch(self, url: str, *, seconds: float = 10.0) -> RemoteFile:
        until = self._clock.now() + timedelta(seconds=seconds)
        return self._fetcher.fetch(url, max_bytes=MAX_BYTES, until=until)

    def refuses(self, url: str, *, seconds: float = 10.0) -> str:
        """Check that the answer is the one refusal, and answer the reason that was reported."""
        with pytest.raises(UrlNotAllowed) as refusal:
            self.fetch(url, seconds=seconds)
        assert type(refusal.value) is UrlNotAllowed
        assert refusal.value.message == MESSAGE
        assert refusal.value.__cause__ is None
        assert refusal.value.__context__ is None
        ((reason, _),) = self.reports
        return reason


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "the tests' own")


@pytest.fixture
def good() -> Iterator[Server]:
    """A server with a picture."""
    with Server(saying(answer(PICTURE, "Content-Type: image/png"))) as server:
        yield server


# What is fetched -------------------------------------------------------------------------------------------


def test_a_picture_is_fetched_with_its_type(good: Server) -> None:
    fetched = Browser().fetch(f"http://{HOST}:{good.port}/a/b.png?size=3#top")

    assert (fetched.data, fetched.content_type) == (PICTURE, "image/png")


def test_a_request_names_the_host_and_reveals_nothing_else(good: Server) -> None:
    Browser().fetch(f"http://{HOST}:{good.port}/a/b.png?size=3#top")

    (request,) = good.heads
    line, *headers = request.rstrip().split("\r\n")
    sent = dict(header.split(": ", 1) for header in headers)
    assert line == "GET /a/b.png?size=3 HTTP/1.1"
    assert sent["Host"] == f"{HOST}:{good.port}"
    assert sent["Accept-Encoding"] == "identity"
    assert sent["User-Agent"] == "image-store"
    assert sent.keys() == {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"}


def test_https_uses_the_name_and_the_certificate_of_the_host(authority: Authority) -> None:
    with Server(saying(answer(PICTURE)), tls=authority.serving(HOST)) as server:
        fetched = Browser(authority=authority).fetch(f"https://{HOST}:{server.port}/")

    assert fetched.data == PICTURE
    assert server.names == [HOST]
    assert f"Host: {HOST}:{server.port}\r\n" in server.heads[0]


def test_an_address_may_have_a_certificate_of_its_own(authority: Authority) -> None:
    with Server(saying(answer(PICTURE)), tls=authority.serving("127.0.0.1")) as server:
        fetched = Browser(authority=authority).fetch(f"https://127.0.0.1:{server.port}/")

    assert fetched.data == PICTURE


@pytest.mark.parametrize(
    "pieces",
    [
        (head("Transfer-Encoding: chunked"), b"5\r\nfirst\r\n", b"6;x=y\r\nsecond\r\n", b"0\r\n\r\n"),
        (head(), b"first", b"second"),
        (head("Content-Length: 11", "Content-Encoding: identity"), b"first", b"second"),
    ],
    ids=["chunked", "until the end", "with a length"],
)
def test_a_body_is_read_to_its_end_in_each_framing(pieces: tuple[bytes, ...]) -> None:
    with Server(saying(*pieces, pause=0.02)) as server:
        fetched = Browser().fetch(f"http://{HOST}:{server.port}/")

    assert fetched.data == b"firstsecond"


def test_a_length_that_is_too_short_ends_the_body(good: Server) -> None:
    with Server(saying(head("Content-Length: 5"), b"first, and more", forever=True)) as server:
        fetched = Browser().fetch(f"http://{HOST}:{server.port}/")

    assert fetched.data == b"first"


def test_an_image_of_exactly_the_limit_is_accepted() -> None:
    body = bytes(MAX_BYTES)
    with Server(saying(answer(body))) as server:
        fetched = Browser().fetch(f"http://{HOST}:{server.port}/")

    assert fetched.data == body


def test_the_next_address_is_tried_if_one_accepts_no_connection(good: Server) -> None:
    names = Names({HOST: [["::1", "127.0.0.1"]]})

    fetched = Browser(names, networks=["127.0.0.1/32", "::1/128"]).fetch(f"http://{HOST}:{good.port}/")

    assert fetched.data == PICTURE


def test_proxies_of_the_environment_are_not_used(good: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(saying(answer(b"proxy"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        fetched = Browser().fetch(f"http://{HOST}:{good.port}/")

    assert fetched.data == PICTURE
    assert proxy.connections == 0


# Where nothing is connected to -----------------------------------------------------------------------------


def test_a_host_is_resolved_once_and_reached_at_the_address_that_was_checked(good: Server) -> None:
    names = Names({HOST: [["127.0.0.1"], ["10.0.0.1"]]})

    fetched = Browser(names).fetch(f"http://{HOST}:{good.port}/")

    assert fetched.data == PICTURE
    assert names.asked == {HOST: 1}


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["169.254.169.254", "127.0.0.1"],
        ["127.0.0.1", "::1"],
        ["127.0.0.1", "::ffff:127.0.0.1"],
        ["127.0.0.1", "fe80::1%lo"],
        ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "192.168.0.1"],
    ],
)
def test_one_refused_address_refuses_the_host(good: Server, addresses: list[str]) -> None:
    browser = Browser(Names({HOST: [addresses]}))

    browser.refuses(f"http://{HOST}:{good.port}/")

    assert good.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:{port}/",
        "http://127.0.0.2:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0x7f.1:{port}/",
        "http://2130706433:{port}/",
        "http://0.0.0.0:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://user@127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "http://8.8.8.8:{port}/",
        "not a URL",
    ],
)
def test_a_url_that_is_refused_is_never_connected_to(good: Server, url: str) -> None:
    browser = Browser(Names({"localhost": [["::1"]]}))

    browser.refuses(url.format(port=good.port))

    assert good.connections == 0


def test_a_host_that_is_not_allowed_is_not_resolved(good: Server) -> None:
    names = Names({HOST: [["127.0.0.1"]]})
    browser = Browser(names, hosts=["other.example"])

    browser.refuses(f"http://{HOST}:{good.port}/")

    assert not names.asked
    assert good.connections == 0


@pytest.mark.parametrize("names", [Names({}), Names({HOST: [[]]})], ids=["no such host", "no address"])
def test_a_host_without_an_address_is_refused(names: Names) -> None:
    Browser(names).refuses(f"http://{HOST}/")


def test_a_resolver_that_hangs_is_abandoned() -> None:
    answered = threading.Event()

    def hang(_: str) -> Sequence[str]:
        answered.wait(60)
        return ["127.0.0.1"]

    try:
        assert Browser(hang).refuses(f"http://{HOST}/", seconds=0.2) == "TimeoutError"
    finally:
        answered.set()


def test_without_time_left_nothing_is_fetched(good: Server) -> None:
    assert Browser().refuses(f"http://{HOST}:{good.port}/", seconds=0) == "out of time"

    assert good.connections == 0


def test_a_closed_port_is_refused_like_any_other_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert Browser().refuses(f"http://{HOST}:{port}/") == "no address accepts a connection"


# Redirects -------------------------------------------------------------------------------------------------


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(b"elsewhere", f"Location: {location}", status=status)


def hops(count: int) -> Callable[[socket.socket], None]:
    """So many redirects, then the picture."""
    left = [redirect(f"/{number}") for number in range(count)] + [answer(PICTURE)]

    def act(connection: socket.socket) -> None:
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return act


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent", "302 "]
)
def test_a_redirect_is_followed(good: Server, status: str) -> None:
    there = f"http://{HOST}:{good.port}/b.png"
    with Server(saying(redirect(there, status))) as server:
        fetched = Browser().fetch(f"http://{HOST}:{server.port}/a.png")

    assert fetched.data == PICTURE
    assert good.heads[0].startswith("GET /b.png HTTP/1.1")


def test_three_redirects_are_followed() -> None:
    with Server(hops(3)) as server:
        fetched = Browser().fetch(f"http://{HOST}:{server.port}/")

    assert fetched.data == PICTURE
    assert server.connections == 4


def test_a_fourth_redirect_is_refused() -> None:
    with Server(hops(4)) as server:
        assert Browser().refuses(f"http://{HOST}:{server.port}/") == "too many redirects"


def test_a_loop_of_redirects_ends() -> None:
    with Server(saying(redirect("/"))) as server:
        assert Browser().refuses(f"http://{HOST}:{server.port}/") == "too many redirects"

    assert server.connections == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/",
        "http://private.example:{port}/",
        "http://[::1]:{port}/",
        "http://169.254.169.254/",
        "http://0x7f000002:{port}/",
        "http://user@pictures.example:{port}/",
        "file:///etc/passwd",
        "gopher://pictures.example:{port}/",
        "",
    ],
)
def test_a_redirect_is_checked_like_a_url(good: Server, location: str) -> None:
    browser = Browser(Names({HOST: [["127.0.0.1"]], "private.example": [["10.0.0.1"]]}))
    with Server(saying(redirect(location.format(port=good.port)))) as server:
        browser.refuses(f"http://{HOST}:{server.port}/")

    assert server.connections == 1
    assert good.connections == 0


def test_each_redirect_resolves_its_host_again() -> None:
    names = Names({HOST: [["127.0.0.1"], ["10.0.0.1"]]})
    with Server(hops(1)) as server:
        reason = Browser(names).refuses(f"http://{HOST}:{server.port}/")

    assert reason == "10.0.0.1 is not public"
    assert names.asked == {HOST: 2}
    assert server.connections == 1


def test_a_redirect_from_https_to_http_is_refused(good: Server, authority: Authority) -> None:
    there = f"http://{HOST}:{good.port}/"
    with Server(saying(redirect(there)), tls=authority.serving(HOST)) as server:
        Browser(authority=authority).refuses(f"https://{HOST}:{server.port}/")

    assert good.connections == 0


# Certificates ----------------------------------------------------------------------------------------------


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "a stranger")
    with Server(saying(answer(PICTURE)), tls=stranger.serving(HOST)) as server:
        Browser(authority=authority).refuses(f"https://{HOST}:{server.port}/")

    assert server.heads == []


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1", f"sub.{HOST}"])
def test_a_certificate_of_another_host_is_refused(authority: Authority, host: str) -> None:
    with Server(saying(answer(PICTURE)), tls=authority.serving(host)) as server:
        Browser(authority=authority).refuses(f"https://{HOST}:{server.port}/")

    assert server.heads == []


def test_a_certificate_that_has_expired_is_refused(authority: Authority) -> None:
    with Server(saying(answer(PICTURE)), tls=authority.serving(HOST, days=-1)) as server:
        Browser(authority=authority).refuses(f"https://{HOST}:{server.port}/")

    assert server.heads == []


def test_by_default_the_authorities_of_the_system_are_trusted(authority: Authority) -> None:
    with Server(saying(answer(PICTURE)), tls=authority.serving(HOST)) as server:
        Browser().refuses(f"https://{HOST}:{server.port}/")

    assert server.heads == []


def test_a_server_without_tls_is_refused_over_https(good: Server) -> None:
    Browser(timeouts=IMPATIENT).refuses(f"https://{HOST}:{good.port}/")

    assert good.heads == []


# Answers that are refused ----------------------------------------------------------------------------------

BOMB = zlib.compress(bytes(10_000_000), wbits=31)
BAD: dict[str, tuple[bytes, ...]] = {
    "not found": (answer(PICTURE, status="404 Not Found"),),
    "an error": (answer(PICTURE, status="500 Oops"),),
    "created": (answer(PICTURE, status="201 Created"),),
    "a part": (answer(PICTURE, status="206 Partial Content"),),
    "no content": (head(status="204 No Content"),),
    "not modified": (head(status="304 Not Modified"),),
    "several choices": (answer(PICTURE, "Location: /", status="300 Multiple Choices"),),
    "a redirect to nowhere": (answer(PICTURE, status="302 Found"),),
    "a gzip bomb": (answer(BOMB, "Content-Encoding: gzip"),),
    "an unknown encoding": (answer(PICTURE, "Content-Encoding: x"),),
    "an encoded transfer": (head("Transfer-Encoding: gzip, chunked"), b"0\r\n\r\n"),
    "a length that is too long": (head("Content-Length: 9999"), PICTURE),
    "a length beyond the limit": (head(f"Content-Length: {MAX_BYTES + 1}"), PICTURE),
    "a length beyond all limits": (head("Content-Length: " + "9" * 5000), PICTURE),
    "a length below zero": (head("Content-Length: -1"), PICTURE),
    "a length that is none": (head("Content-Length: many"), PICTURE),
    "two lengths": (head("Content-Length: 5", "Content-Length: 6"), b"123456"),
    "more than is allowed": (head(), bytes(MAX_BYTES + 1)),
    "chunks that are broken": (head("Transfer-Encoding: chunked"), b"zz\r\nfirst\r\n"),
    "chunks without an end": (head("Transfer-Encoding: chunked"), b"5\r\nfirst\r\n"),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n",),
    "HTTP/0.9": (PICTURE,),
    "nothing at all": (b"",),
    "an empty body": (answer(b""),),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le",),
    "a line without an end": (b"HTTP/1.1 200 " + b"a" * 100_000,),
    "headers without an end": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 200),
}
ENDLESS: dict[str, tuple[bytes, ...]] = {
    "a body": (head(), bytes(4096)),
    "a body in chunks": (head("Transfer-Encoding: chunked"), b"1000\r\n" + bytes(4096) + b"\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "promises to continue": (head(status="100 Continue"),),
    "trailers": (head("Transfer-Encoding: chunked") + b"0\r\n", b"a: b\r\n"),
}
SLOW: dict[str, tuple[bytes, ...]] = {
    "a body": (head("Content-Length: 1000"), b"x"),
    "a body without a length": (head(), b"x"),
    "a body in chunks": (head("Transfer-Encoding: chunked"), b"1\r\nx\r\n"),
    "the size of a chunk": (head("Transfer-Encoding: chunked"), b"0"),
    "headers": (b"HTTP/1.1 200 OK\r\na: ", b"b"),
    "the first line": (b"HTTP/1.1 200 ", b"O"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_response_without_a_plain_image_is_refused(case: str) -> None:
    with Server(saying(*BAD[case])) as server:
        Browser().refuses(f"http://{HOST}:{server.port}/")

    assert len(server.heads) == 1


@pytest.mark.parametrize("case", ENDLESS)
def test_an_endless_response_is_refused(case: str) -> None:
    with Server(saying(*ENDLESS[case], forever=True)) as server:
        Browser().refuses(f"http://{HOST}:{server.port}/", seconds=1)


@pytest.mark.parametrize("case", SLOW)
def test_a_slow_response_is_refused_when_the_time_is_over(case: str) -> None:
    with Server(saying(*SLOW[case], forever=True, pause=0.05)) as server:
        Browser().refuses(f"http://{HOST}:{server.port}/", seconds=0.5)


def test_a_slow_body_over_tls_is_refused_when_the_time_is_over(authority: Authority) -> None:
    drops = saying(head(), b"x", forever=True, pause=0.05)
    with Server(drops, tls=authority.serving(HOST)) as server:
        reason = Browser(authority=authority).refuses(f"https://{HOST}:{server.port}/", seconds=0.5)

    assert reason in {"out of time", "SSLError", "ProtocolError"}


@pytest.mark.parametrize("bytes_sent", [b"", b"HTTP/1.1 200 OK\r\n", head("Content-Length: 5") + b"12"])
def test_a_server_that_stops_sending_is_abandoned(bytes_sent: bytes) -> None:
    with Server(saying(bytes_sent, pause=5)) as server:
        reason = Browser(timeouts=IMPATIENT).refuses(f"http://{HOST}:{server.port}/")

    assert reason in {"TimeoutError", "ReadTimeoutError"}


def test_a_server_without_a_tls_handshake_is_abandoned(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        Browser(authority=authority, timeouts=IMPATIENT).refuses(f"https://{HOST}:{port}/")


# What is told ----------------------------------------------------------------------------------------------


def test_the_log_names_the_reason_and_the_last_url_without_its_query() -> None:
    browser = Browser()
    with Server(saying(redirect("/b.png?signature=secret"))) as server:
        browser.refuses(f"http://{HOST}:{server.port}/a.png?token=secret#secret")

    assert browser.reports == [("too many redirects", f"http://{HOST}:{server.port}/b.png")]


@pytest.mark.parametrize(
    "bytes_sent", [b"", head("Content-Length: 9999") + b"x", b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n"]
)
def test_no_log_line_contains_a_query(bytes_sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    browser = Browser()
    caplog.set_level(logging.INFO)
    with Server(saying(bytes_sent)) as server:
        browser.refuses(f"http://{HOST}:{server.port}/a.png?token=secret")

    assert "secret" not in caplog.text
    assert "secret" not in str(browser.reports)
