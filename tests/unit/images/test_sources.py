"""A1: where the bytes of an image come from, and what they are called."""

from datetime import UTC, datetime
from typing import NoReturn

import pytest

from image_store.domain.errors import UrlNotAllowed
from image_store.ports.images import Fetcher, RemoteFile
from image_store.services.images.sources import Content, RemoteUrl, Sources, filename_in
from tests.fakes.fetcher import MemoryFetcher

URL = "https://pictures.example/a/b.png?signature=x"
UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)


def opened(fetched: RemoteFile, url: str = URL) -> Content:
    return Sources(fetcher=lambda: MemoryFetcher({url: fetched})).open(RemoteUrl(url), until=UNTIL)


def test_bytes_in_the_request_need_no_fetcher() -> None:
    def make() -> NoReturn:
        pytest.fail("a fetcher was made")

    content = Content(b"bytes", "image/png", "a.png")

    assert Sources(fetcher=make).open(content, until=UNTIL) is content


def test_bytes_at_a_url_are_fetched_with_a_name() -> None:
    assert opened(RemoteFile(b"bytes", "image/png")) == Content(b"bytes", "image/png", "b.png")


@pytest.mark.parametrize("content_type", ["image/png", "IMAGE/PNG; q=1", "image/jpg", "image/avif"])
def test_a_type_that_the_store_accepts_counts_as_declared(content_type: str) -> None:
    assert opened(RemoteFile(b"bytes", content_type)).declared_type == content_type


@pytest.mark.parametrize(
    "content_type", [None, "", "application/octet-stream", "binary/octet-stream", "text/html", "image/*"]
)
def test_any_other_type_declares_nothing(content_type: str | None) -> None:
    assert opened(RemoteFile(b"bytes", content_type)).declared_type is None


def test_what_cannot_be_fetched_is_not_allowed() -> None:
    with pytest.raises(UrlNotAllowed):
        Sources(fetcher=lambda: MemoryFetcher({})).open(RemoteUrl(URL), until=UNTIL)


def test_a_fetcher_gets_the_limits() -> None:
    limits: list[tuple[str, int, datetime]] = []

    class Listening(Fetcher):
        def fetch(self, url: str, *, max_bytes: int, until: datetime) -> RemoteFile:
            limits.append((url, max_bytes, until))
            return RemoteFile(b"bytes", None)

    Sources(fetcher=Listening, max_bytes=7_000).open(RemoteUrl(URL), until=UNTIL)

    assert limits == [(URL, 7_000, UNTIL)]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/b.png", "b.png"),
        ("https://a.example/x/y/b.png?c=/d.png#/e.png", "b.png"),
        ("https://a.example/%E5%A4%A2.png", "夢.png"),
        ("https://a.example/夢.png", "夢.png"),
        ("https://a.example/a%20b.png", "a b.png"),
        ("https://a.example/..%2F..%2Fb.png", "b.png"),
        ("https://a.example/c%5Cb.png", "b.png"),
        ("https://a.example/b%0D%0A%00.png", "b.png"),
        ("https://a.example/b%E2%80%AE.png", "b.png"),
        ("https://a.example/%FF.png", "\ufffd.png"),
        ("https://a.example/" + "b" * 300, "b" * 255),
        ("https://a.example", None),
        ("https://a.example/", None),
        ("https://a.example/x/", None),
        ("https://a.example/..", None),
        ("https://a.example/%20.%20", None),
        ("https://a.example/%00", None),
    ],
)
def test_the_last_segment_of_the_path_is_the_filename(url: str, name: str | None) -> None:
    assert filename_in(url) == name
