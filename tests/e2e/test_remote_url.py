"""A1: images from URLs, through the whole stack, which may reach one address of this machine and no other."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import REMOTE_ADDRESS
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.conftest import Stack

PICTURE = jpeg(96, 64)


class Remote(ThreadingHTTPServer):
    """Somebody else's server; `asked` are the paths that were asked for."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Remote

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(200 if self.path.partition("?")[0].endswith(".jpg") else 404)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(PICTURE)))
        self.end_headers()
        self.wfile.write(PICTURE)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass


@contextmanager
def serving(address: str) -> Iterator[Remote]:
    """A server at an address of this machine; skip where it has none, as macOS has but one on its loopback."""
    try:
        remote = Remote(address)
    except OSError:
        pytest.skip(f"this machine does not have the address {address}")
    with remote:
        thread = threading.Thread(target=remote.serve_forever)
        thread.start()
        try:
            yield remote
        finally:
            remote.shutdown()
            thread.join()


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    """A client of an owner who has nothing yet."""
    with stack.http(f"remote-{uuid4()}") as client:
        yield client


def upload(client: httpx.Client, url: str, **headers: str) -> httpx.Response:
    """Ask for the image at a URL."""
    return client.post("/v1/images", json={"source": {"url": url}}, headers=headers)


def test_an_image_at_a_url_is_stored(client: httpx.Client) -> None:
    with serving(REMOTE_ADDRESS) as remote:
        stored = upload(client, f"http://{REMOTE_ADDRESS}:{remote.port}/a/summer%20day.jpg?size=3")

    assert stored.status_code == 201, stored.text
    image = stored.json()
    assert (image["filename"], image["content_type"]) == ("summer day.jpg", "image/jpeg")
    assert (image["width"], image["height"], image["size_bytes"]) == (96, 64, len(PICTURE))
    content = client.get(f"/v1/images/{image['id']}/content", follow_redirects=True)
    assert content.content == PICTURE
    assert remote.asked == ["/a/summer%20day.jpg?size=3"]


def test_a_redirect_to_another_image_is_followed(client: httpx.Client) -> None:
    with serving(REMOTE_ADDRESS) as remote:
        stored = upload(client, f"http://{REMOTE_ADDRESS}:{remote.port}/to//b.jpg")

    assert stored.status_code == 201, stored.text
    assert remote.asked == ["/to//b.jpg", "/b.jpg"]


def test_a_repeat_with_the_same_key_does_not_fetch_again(client: httpx.Client) -> None:
    with serving(REMOTE_ADDRESS) as remote:
        url = f"http://{REMOTE_ADDRESS}:{remote.port}/a.jpg"
        first = upload(client, url, **{"Idempotency-Key": "k1"})
        again = upload(client, url, **{"Idempotency-Key": "k1"})

    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert remote.asked == ["/a.jpg"]


def test_every_url_that_is_not_allowed_has_one_answer_and_stores_nothing(client: httpx.Client) -> None:
    with serving("127.0.0.1") as own, serving(REMOTE_ADDRESS) as remote:
        there = f"http://{REMOTE_ADDRESS}:{remote.port}"
        urls = (
            f"http://127.0.0.1:{own.port}/a.jpg",
            "http://127.0.0.1/a.jpg",
            f"http://localhost:{own.port}/a.jpg",
            f"http://localhost.:{own.port}/a.jpg",
            f"http://0x7f.1:{own.port}/a.jpg",
            f"http://2130706433:{own.port}/a.jpg",
            f"http://[::ffff:127.0.0.1]:{own.port}/a.jpg",
            f"http://0.0.0.0:{own.port}/a.jpg",
            "http://[::1]/a.jpg",
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
            "http://[fd00:ec2::254]/latest/meta-data/",
            "http://10.0.0.1/a.jpg",
            "http://name.invalid/a.jpg",
            "ftp://127.0.0.2/a.jpg",
            f"http://user@{REMOTE_ADDRESS}:{remote.port}/a.jpg",
            f"https://{REMOTE_ADDRESS}:{remote.port}/a.jpg",
            f"{there}/missing",
            f"{there}/to/http://127.0.0.1:{own.port}/a.jpg",
            f"{there}/to/http://localhost:{own.port}/a.jpg",
        )

        answers = [upload(client, url) for url in urls]

    problems = []
    for answer in answers:
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body.pop("request_id")
        problems.append(body)
    assert problems[0]["code"] == "url_not_allowed"
    assert problems == [problems[0]] * len(urls)
    assert own.asked == []
    assert remote.asked == ["/missing", *(url.removeprefix(there) for url in urls[-2:])]
    assert client.get("/v1/images").json()["items"] == []
