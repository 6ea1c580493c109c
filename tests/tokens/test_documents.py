"""Documents of issuers that are slow, large, broken or elsewhere, on real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from image_store.adapters.tokens.documents import (
    MAX_DOCUMENT_BYTES,
    UnreadableDocument,
    read_document,
    shared_tls,
)
from tests.remote.servers import Authority, Server, answer, head, saying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.loopback

DOCUMENT = {"keys": [{"kty": "RSA"}]}
BODY = json.dumps(DOCUMENT).encode()
SECONDS = 0.5


def read_from(server: Server, path: str = "/keys") -> object:
    return read_document(f"http://127.0.0.1:{server.port}{path}", seconds=SECONDS)


def test_a_document_is_read_with_one_plain_request() -> None:
    with Server(saying(answer(BODY))) as server:
        assert read_from(server) == DOCUMENT

        (request,) = server.heads
    assert request.startswith("GET /keys HTTP/1.1\r\n")
    assert "Accept-Encoding: identity" in request


@pytest.mark.parametrize(
    "act",
    [
        saying(answer(BODY, status="404 Not Found")),
        saying(answer(BODY, status="500 Oops")),
        saying(answer(BODY, "Content-Encoding: gzip")),
        saying(answer(b"[]")),
        saying(answer(b"")),
        saying(answer(b"<html>")),
        saying(answer(b"[" * 100_000)),
        saying(answer(b'{"keys": NaN}')),
        saying(head(f"Content-Length: {len(BODY) + 5}") + BODY),
        saying(b"nothing like HTTP\r\n\r\n"),
        saying(b""),
        saying(answer(b'{"a": "' + b"a" * 10_000_000 + b'"}')),
        saying(answer(b" " * (MAX_DOCUMENT_BYTES - len(BODY) + 1) + BODY)),
    ],
)
def test_anything_but_a_small_json_object_is_unreadable(act: Callable[[socket.socket], None]) -> None:
    with Server(act) as server, pytest.raises(UnreadableDocument):
        read_from(server)


def test_a_document_of_the_largest_size_is_read() -> None:
    with Server(saying(answer(b" " * (MAX_DOCUMENT_BYTES - len(BODY)) + BODY))) as server:
        assert read_from(server) == DOCUMENT


@pytest.mark.parametrize(
    "act",
    [
        saying(b"", b"", pause=0.05, forever=True),
        saying(b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n", pause=0.05, forever=True),
        saying(head("Transfer-Encoding: chunked"), b"1\r\n \r\n", pause=0.05, forever=True),
        saying(head("Content-Length: 1000"), b" ", pause=0.05, forever=True),
        saying(head(), b" ", pause=0.05, forever=True),
    ],
    ids=["silence", "headers drop by drop", "chunks", "a body drop by drop", "a body without a length"],
)
def test_a_slow_server_is_given_up_in_time(act: Callable[[socket.socket], None]) -> None:
    begun = time.monotonic()

    with Server(act) as server, pytest.raises(UnreadableDocument):
        read_from(server)

    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_a_redirect_is_not_followed(status: str) -> None:
    with Server(saying(answer(BODY))) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/keys"
        moved = Server(saying(answer(b"", location, status=status)))
        with moved, pytest.raises(UnreadableDocument, match=status[:3]):
            read_from(moved)

        assert elsewhere.connections == 0


class TestCertificates:
    """An issuer over TLS, whose certificate may be wrong."""

    @pytest.fixture
    def authority(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
        """The authority that this machine trusts."""
        authority = Authority(tmp_path, "An authority")
        monkeypatch.setenv("SSL_CERT_FILE", authority.bundle())
        shared_tls.cache_clear()
        yield authority
        shared_tls.cache_clear()

    def test_a_document_is_read_over_tls(self, authority: Authority) -> None:
        with Server(saying(answer(BODY)), tls=authority.serving("localhost")) as server:
            assert read_document(f"https://localhost:{server.port}/keys", seconds=60) == DOCUMENT

    @pytest.mark.parametrize("wrong", ["name", "expired", "authority"])
    def test_a_server_with_a_wrong_certificate_gets_no_request(
        self, authority: Authority, tmp_path: Path, wrong: str
    ) -> None:
        tls = {
            "name": lambda: authority.serving("issuer.example"),
            "expired": lambda: authority.serving("localhost", days=-1),
            "authority": lambda: Authority(tmp_path, "Nobody").serving("localhost"),
        }[wrong]()

        with Server(saying(answer(BODY)), tls=tls) as server:
            with pytest.raises(UnreadableDocument, match="SSLCertVerificationError"):
                read_document(f"https://localhost:{server.port}/keys", seconds=60)
            assert server.heads == []

    def test_a_server_that_never_ends_its_handshake_is_given_up_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begun = time.monotonic()
            with pytest.raises(UnreadableDocument):
                read_document(f"https://localhost:{silent.getsockname()[1]}/keys", seconds=SECONDS)

        assert time.monotonic() - begun < 30


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver cannot be made slow, so another function stands for it."""
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60) and [])
    begun = time.monotonic()

    with pytest.raises(UnreadableDocument, match="out of time"):
        read_document("https://issuer.example/keys", seconds=SECONDS)

    assert time.monotonic() - begun < 30
    answered.set()


def test_a_server_that_is_not_there_is_unreadable() -> None:
    with Server(saying(b"")) as server:
        port = server.port

    with pytest.raises(UnreadableDocument):
        read_document(f"http://127.0.0.1:{port}/", seconds=SECONDS)


@pytest.mark.parametrize(
    "address",
    [
        "http://issuer.example/keys",
        "ftp://issuer.example/keys",
        "file:///etc/passwd",
        "https://user:pass@issuer.example/",
        "https://issuer.example/?a=b",
        "https://issuer.example/\r\nX: y",
        "https://",
        "keys",
        "",
    ],
)
def test_an_address_that_is_not_https_is_never_asked(address: str) -> None:
    with pytest.raises(UnreadableDocument):
        read_document(address, seconds=SECONDS)
