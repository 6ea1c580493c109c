"""Documents of issuers that are slow, large, broken or elsewhere, on real sockets."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from image_store.adapters.tokens.documents import MAX_DOCUMENT_BYTES, UnreadableDocument, read_document
from tests.remote.servers import Server, answer, head, saying

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

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
        saying(answer(b"{}", "Location: /other", status="302 Found")),
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

    assert time.monotonic() - begun < 5


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
