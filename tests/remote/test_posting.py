"""Webhooks: requests to other people's servers, on real sockets, which never raise and follow nothing."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from image_store.adapters.remote import AddressRules
from image_store.adapters.remote.connections import Timeouts
from image_store.adapters.remote.posting import HttpSender
from image_store.adapters.system import SystemClock
from image_store.ports.webhook_sending import EndpointAnswer
from tests.remote.servers import PATIENCE_SECONDS, Authority, Server, answer, head, saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = pytest.mark.loopback

HOST = "hooks.example"
BODY = b'{"id": "e1"}'
CLOCK = SystemClock()


class Post:
    """A sender that may reach 127.0.0.1, and what it reports."""

    def __init__(
        self,
        *,
        addresses: Sequence[str] = ("127.0.0.1",),
        networks: Sequence[str] = ("127.0.0.1/32",),
        hosts: Sequence[str] = (),
        authority: Authority | None = None,
        resolve: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        self.reports: list[tuple[str, str]] = []
        more = {"trust": authority.trust} if authority else {}
        self._sender = HttpSender(
            AddressRules(hosts=hosts, networks=[ip_network(text) for text in networks]),
            clock=CLOCK,
            report=lambda reason, url: self.reports.append((reason, url)),
            resolve=resolve or (lambda _: addresses),
            timeouts=Timeouts(connect=2.0, read=10.0),
            **more,
        )

    def send(self, url: str, *, seconds: float = 10.0) -> EndpointAnswer:
        until = CLOCK.now() + timedelta(seconds=seconds)
        return self._sender.post(url, headers={"webhook-id": "e1"}, body=BODY, until=until)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "the tests' own")


@contextmanager
def receiver() -> Iterator[tuple[int, list[tuple[str, dict[str, str], bytes]]]]:
    """An endpoint that keeps what it gets; its port, and the path, headers and body of each request."""
    requests: list[tuple[str, dict[str, str], bytes]] = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append((self.path, headers, self.rfile.read(int(headers["content-length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, requests
        finally:
            server.shutdown()
            thread.join()


def test_an_endpoint_gets_the_body_and_headers_and_its_status_is_returned() -> None:
    with receiver() as (port, requests):
        reply = Post().send(f"http://{HOST}:{port}/hooks?tenant=3")

    assert reply == EndpointAnswer(status=202)
    ((path, headers, body),) = requests
    assert (path, body) == ("/hooks?tenant=3", BODY)
    assert headers["host"] == f"{HOST}:{port}"
    assert headers["webhook-id"] == "e1"
    assert headers["user-agent"] == "image-store"


@pytest.mark.parametrize("status", [201, 301, 302, 307, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer_and_no_redirect_is_followed(status: int) -> None:
    with Server(saying(answer(b"", "Location: http://127.0.0.1:1/", status=f"{status} Whatever"))) as server:
        reply = Post().send(f"http://{HOST}:{server.port}/")

    assert reply == EndpointAnswer(status=status)
    assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        (429, "120", timedelta(seconds=120)),
        (503, " 0 ", timedelta(0)),
        (503, "999999999", timedelta(seconds=999_999_999)),
        (500, "120", None),
        (200, "120", None),
        (429, "soon", None),
        (429, "-5", None),
        (429, "1.5", None),
        (429, "9" * 5_000, None),
        (429, "Wed, 21 Oct 2015 07:28:00 GMT", None),
        (429, "Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_a_wait_that_an_endpoint_asks_for_is_read(status: int, header: str, wait: timedelta | None) -> None:
    with Server(saying(answer(b"", f"Retry-After: {header}", status=f"{status} Whatever"))) as server:
        reply = Post().send(f"http://{HOST}:{server.port}/")

    assert reply == EndpointAnswer(status=status, retry_after=wait)


def test_a_date_until_which_an_endpoint_asks_to_wait_is_read() -> None:
    until = format_datetime(CLOCK.now() + timedelta(minutes=5), usegmt=True)
    with Server(saying(answer(b"", f"Retry-After: {until}", status="503 Whatever"))) as server:
        reply = Post().send(f"http://{HOST}:{server.port}/")

    assert reply.retry_after is not None
    assert timedelta(minutes=4) < reply.retry_after <= timedelta(minutes=5)


def test_https_checks_the_certificate_of_the_host(authority: Authority) -> None:
    with Server(saying(answer(b"")), tls=authority.serving(HOST)) as server:
        reply = Post(authority=authority).send(f"https://{HOST}:{server.port}/")

    assert reply == EndpointAnswer(status=200)
    assert server.names == [HOST]


def test_a_certificate_of_another_host_is_refused(authority: Authority) -> None:
    with Server(saying(answer(b"")), tls=authority.serving("elsewhere.example")) as server:
        post = Post(authority=authority)
        reply = post.send(f"https://{HOST}:{server.port}/?token=secret")

    assert reply == EndpointAnswer(error="tls")
    assert not server.heads
    ((_, url),) = post.reports
    assert url == f"https://{HOST}:{server.port}/"


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "10.0.0.7", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"],  # noqa: S104
)
def test_no_address_is_reached_that_remote_urls_may_not_reach(address: str) -> None:
    with Server(saying(answer(b""))) as server:
        reply = Post(addresses=["127.0.0.1", address]).send(f"http://{HOST}:{server.port}/")

    assert reply == EndpointAnswer(error="unreachable")
    assert server.connections == 0


def test_a_name_that_resolves_differently_a_moment_later_reaches_the_address_that_was_checked() -> None:
    answers = iter([["127.0.0.1"]])
    with Server(saying(answer(b""))) as server:
        reply = Post(resolve=lambda _: next(answers)).send(f"http://{HOST}:{server.port}/")

    assert reply == EndpointAnswer(status=200)


def test_http_reaches_allowed_networks_alone() -> None:
    post = Post(addresses=["93.184.215.14"], networks=())

    reply = post.send(f"http://{HOST}/")

    assert reply == EndpointAnswer(error="unreachable")
    assert post.reports == [("http leads outside of the allowed networks", f"http://{HOST}/")]


def test_a_host_that_the_deployment_does_not_allow_is_unreachable() -> None:
    assert Post(hosts=["other.example"]).send(f"https://{HOST}/") == EndpointAnswer(error="unreachable")


@pytest.mark.parametrize("url", ["ftp://hooks.example/", "not a url", "http://user@hooks.example/", ""])
def test_what_is_no_url_is_unreachable(url: str) -> None:
    assert Post().send(url) == EndpointAnswer(error="unreachable")


def test_an_endpoint_that_says_nothing_is_given_up_in_time() -> None:
    silent = threading.Event()

    def say_nothing(_: socket.socket) -> None:
        silent.wait(PATIENCE_SECONDS)

    with Server(say_nothing) as server:
        begin = CLOCK.now()
        reply = Post().send(f"http://{HOST}:{server.port}/", seconds=0.5)
        took = CLOCK.now() - begin
        silent.set()

    assert reply == EndpointAnswer(error="timeout")
    assert took < timedelta(seconds=3)


def test_an_endpoint_that_sends_its_headers_byte_by_byte_is_given_up_in_time() -> None:
    with Server(saying(b"HTTP/1.1 200 OK\r\nX: ", b"x", pause=0.05, forever=True)) as server:
        reply = Post().send(f"http://{HOST}:{server.port}/", seconds=0.5)

    assert reply == EndpointAnswer(error="timeout")


def test_a_status_counts_even_if_the_rest_of_the_answer_never_ends() -> None:
    with Server(saying(head("Content-Length: 1000000000"), b"x" * 4096, pause=0.001, forever=True)) as server:
        reply = Post().send(f"http://{HOST}:{server.port}/", seconds=5)

    assert reply == EndpointAnswer(status=200)


def test_a_status_counts_even_if_the_rest_of_the_answer_never_comes() -> None:
    with Server(saying(head("Content-Length: 10"), b"x", pause=0.05, forever=False)) as server:
        reply = Post().send(f"http://{HOST}:{server.port}/", seconds=1)

    assert reply == EndpointAnswer(status=200)


def test_what_is_not_http_is_unreachable() -> None:
    with Server(saying(b"220 mail.example ESMTP\r\n\r\n")) as server:
        assert Post().send(f"http://{HOST}:{server.port}/") == EndpointAnswer(error="unreachable")


def test_a_port_at_which_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert Post().send(f"http://{HOST}:{port}/") == EndpointAnswer(error="unreachable")
