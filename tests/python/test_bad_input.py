"""What the Python client refuses before any request, and answers that must not mislead it."""

from __future__ import annotations

import gzip
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from image_store_client import AsyncImageStore, ImageStore, ImageStoreError
from image_store_client.http.runtime import MOST_ANSWER_BYTES
from image_store_client.media import MOST_IMAGE_BYTES
from tests.python.both import ASYNC, SYNC, AnyStore, any_store, quick_store
from tests.python.scripted_server import Answer, ScriptedServer, problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = Answer(200, {"id": "i1"})
NO_TOKENS = ["isk_1\nisk_2", '{"token":"isk_1"}', "<p>isk_1</p>", "isk_ä", "isk_1 isk_2", " ", "", b"isk_1"]
KINDS = pytest.mark.parametrize("kind", [SYNC, ASYNC])
CLIENTS = pytest.mark.parametrize("client", [ImageStore, AsyncImageStore])


@CLIENTS
@pytest.mark.parametrize("option", ["key", "token"])
@pytest.mark.parametrize("value", NO_TOKENS)
def test_what_cannot_be_a_token_is_refused_at_once_and_not_shown(
    client: Callable[..., Any], option: str, value: Any
) -> None:
    with pytest.raises(ImageStoreError) as failed:
        client("https://images.example.com", **{option: value})

    assert failed.value.code == "invalid_token"
    assert "isk_" not in str(failed.value)


@KINDS
@pytest.mark.parametrize("value", [*NO_TOKENS, None])
def test_what_a_function_returns_instead_of_a_token_is_not_sent_and_not_shown(
    server: ScriptedServer, kind: str, value: Any
) -> None:
    with (
        quick_store(kind, server.url, token=lambda: value) as store,
        pytest.raises(ImageStoreError) as failed,
    ):
        store(lambda s: s.images.get("i1"))

    assert failed.value.code == "invalid_token"
    assert "isk_" not in "".join(traceback.format_exception_only(failed.value))
    assert (failed.value.__cause__, failed.value.__context__) == (None, None)
    assert server.requests == []


@KINDS
@pytest.mark.parametrize(
    ("value", "kind_of_value"),
    [
        ("<!doctype html><title>Sign in</title>", "a web page"),
        ("<html>", "a web page"),
        ('{"token":"isk_1"}', "JSON, and not the token in it"),
        ('"isk_1"', "JSON, and not the token in it"),
        ({"token": "isk_1"}, "a value of the type dict"),
        (b"isk_1", "a value of the type bytes"),
        (None, "nothing"),
        (" ", "an empty text"),
        ("Bearer isk_1", "a token behind the word Bearer"),
        ("Not Found", "a text that cannot be a token"),
        ("isk_1,isk_2", "a text that cannot be a token"),
    ],
)
def test_an_error_says_what_a_function_returned_instead_of_a_token(
    server: ScriptedServer, kind: str, value: Any, kind_of_value: str
) -> None:
    with (
        quick_store(kind, server.url, token=lambda: value) as store,
        pytest.raises(ImageStoreError) as failed,
    ):
        store(lambda s: s.images.get("i1"))

    assert failed.value.detail.startswith(f"The function that returns the token returned {kind_of_value}")
    assert (failed.value.code, failed.value.status, server.requests) == ("invalid_token", 401, [])


@CLIENTS
@pytest.mark.parametrize("end", ["/v1", "/v1/", "/store/v1", "/v1/images", "/docs", "/openapi.json"])
def test_an_address_with_a_path_of_the_api_is_refused_at_once(client: Callable[..., Any], end: str) -> None:
    with pytest.raises(ValueError, match=r"without /(v1|docs|openapi).*: leave it out"):
        client(f"https://images.example.com{end}")


@KINDS
@pytest.mark.parametrize(
    "options",
    [{"key": "isk_1\r\n"}, {"token": " isk_1"}, {"token": lambda: "isk_1\n"}],
    ids=["key", "token", "function"],
)
def test_white_space_around_a_token_does_not_count(
    server: ScriptedServer, kind: str, options: dict[str, Any]
) -> None:
    server.answer(IMAGE)

    with any_store(kind, server.url, **options) as store:
        store(lambda s: s.images.get("i1"))

    assert server.requests[0].headers["Authorization"] == "Bearer isk_1"


@pytest.mark.parametrize("owner", ["", " ", None])
def test_nobody_is_never_the_owner_of_the_key(store: AnyStore, server: ScriptedServer, owner: Any) -> None:
    with pytest.raises(ImageStoreError, match="owner to act for is missing") as failed:
        store.as_owner(owner)

    assert (failed.value.code, server.requests) == ("invalid_request", [])


@CLIENTS
def test_an_empty_owner_is_refused_at_once(client: Callable[..., Any]) -> None:
    with pytest.raises(ImageStoreError) as failed:
        client("https://images.example.com", key="isk_1", owner="")

    assert failed.value.code == "invalid_request"


@pytest.mark.parametrize("image_id", ["", ".", "..", None])
@pytest.mark.parametrize("operation", ["get", "exists", "bytes", "delete"])
def test_a_value_that_would_name_another_path_is_refused(
    store: AnyStore, server: ScriptedServer, operation: str, image_id: Any
) -> None:
    with pytest.raises(ImageStoreError, match="is not an id") as failed:
        store(lambda s: getattr(s.images, operation)(image_id))

    assert (failed.value.code, server.requests) == ("invalid_request", [])


@pytest.mark.parametrize("end", [{}, {"next_cursor": None}, {"next_cursor": ""}], ids=str)
def test_a_page_without_a_cursor_is_the_last_one(
    store: AnyStore, server: ScriptedServer, end: dict[str, Any]
) -> None:
    server.answer(
        Answer(200, {"items": [{"id": "i1"}], "next_cursor": "c"}),
        Answer(200, {"items": [{"id": "i2"}], **end}),
    )

    cards = store.items(lambda s: s.images.list())

    assert [card["id"] for card in cards] == ["i1", "i2"]
    assert len(server.requests) == 2


@pytest.mark.parametrize("by_page", [False, True], ids=["items", "pages"])
def test_a_list_that_never_ends_is_an_error(store: AnyStore, server: ScriptedServer, by_page: bool) -> None:
    page = {"items": [{"id": "i1"}]}
    server.answer(*(Answer(200, page | {"next_cursor": cursor}) for cursor in ("a", "b", "a", "c")))

    with pytest.raises(ImageStoreError, match="repeats a cursor") as failed:
        store.items(lambda s: s.images.list().pages() if by_page else s.images.list())

    assert (failed.value.code, len(server.requests)) == ("invalid_cursor", 3)


def test_a_deletion_that_never_ends_is_an_error(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, {"successful": [], "failed": [], "next_cursor": "a"}))

    with pytest.raises(ImageStoreError, match="repeats a cursor"):
        store(lambda s: s.images.delete_many(group="a:1"))

    assert len(server.requests) == 2


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_is_too_long_is_not_read_to_its_end(
    store: AnyStore, server: ScriptedServer, status: int, packed: bool
) -> None:
    body = b'"' + b" " * 2 * MOST_ANSWER_BYTES + b'"'
    data = gzip.compress(body) if packed else body
    server.answer(Answer(status, data, {"Content-Encoding": "gzip"} if packed else {}))

    with pytest.raises(ImageStoreError, match="more than 16 MB") as failed:
        store(lambda s: s.images.get("i1"))

    assert (failed.value.code, len(server.requests)) == ("not_an_image_store", 1)


def test_a_packed_answer_is_read_as_any_other(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, gzip.compress(b'{"id": "i1"}'), {"Content-Encoding": "gzip"}))

    answer = store(lambda s: s.request("GET", "/v1/images/i1"))

    assert (answer.json(), answer.elapsed.total_seconds() > 0) == ({"id": "i1"}, True)


def test_json_in_json_in_json_is_no_answer(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(200, b"[" * 100_000))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.get("i1"))

    assert failed.value.code == "not_an_image_store"


def test_a_picture_that_is_too_long_is_not_received_to_its_end(
    store: AnyStore, server: ScriptedServer
) -> None:
    link = Answer(302, headers={"Location": f"{server.url}/key"})
    server.answer(link, Answer(200, bytes(MOST_IMAGE_BYTES + 1)))

    with pytest.raises(ImageStoreError, match="bytes arrived") as failed:
        store(lambda s: s.images.bytes("i1"))

    assert failed.value.code == "broken_download"


def test_an_original_is_not_received_beyond_its_size(
    store: AnyStore, server: ScriptedServer, tmp_path: Path
) -> None:
    image = Answer(200, {"size_bytes": 5, "sha256": "0" * 64})
    link = Answer(302, headers={"Location": f"{server.url}/key"})
    server.answer(image, link, Answer(200, b"12345678"))

    with pytest.raises(ImageStoreError, match="More than 5 bytes arrived") as failed:
        store(lambda s: s.images.download("i1", tmp_path / "cat.jpg"))

    assert (failed.value.code, [*tmp_path.iterdir()]) == ("broken_download", [])


@pytest.mark.parametrize("headers", [{}, {"Location": " "}, {"Location": "ftp://x/a"}], ids=str)
def test_a_store_that_gives_no_link_is_none(
    store: AnyStore, server: ScriptedServer, headers: dict[str, str]
) -> None:
    server.answer(Answer(302, headers=headers))

    with pytest.raises(ImageStoreError, match="without a link to the bytes") as failed:
        store(lambda s: s.images.bytes("i1"))

    assert (failed.value.code, len(server.requests)) == ("not_an_image_store", 1)


def test_a_link_may_be_relative(store: AnyStore, server: ScriptedServer) -> None:
    server.answer(Answer(302, headers={"Location": "/key"}), Answer(200, b"bytes"))

    assert store(lambda s: s.images.bytes("i1")) == b"bytes"
    assert server.requests[1].headers["Authorization"] is None


@pytest.mark.parametrize(
    "location",
    [
        "mailto:secret",
        "https://x:port/?X-Amz-Signature=secret",
        "ftp://x/?X-Amz-Signature=secret",
        "//[secret",
    ],
)
@pytest.mark.parametrize("place", ["store", "storage", "upload"])
def test_a_link_that_is_none_stays_in_no_error(
    store: AnyStore, server: ScriptedServer, location: str, place: str
) -> None:
    bad = Answer(302, headers={"Location": location})
    good = Answer(302, headers={"Location": f"{server.url}/key"})
    ticket = Answer(201, {"id": "i1", "upload": {"url": location, "headers": {}}})
    incomplete = problem(409, "upload_incomplete")
    answers = {"store": [bad], "storage": [good, bad] * 3, "upload": [ticket, incomplete] * 3}
    server.answer(*answers[place])
    large = b"\xff\xd8\xff" + bytes(4_000_000)

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.upload(large) if place == "upload" else s.images.bytes("i1"))

    chain: list[BaseException] = []
    error: BaseException | None = failed.value
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    assert not any("secret" in repr(each) for each in chain)
    assert not any(isinstance(each, httpx.InvalidURL | httpx.HTTPError) for each in chain)


@pytest.mark.parametrize(
    "value", ["9" * 12, "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"], ids=["centuries", "infinity", "date"]
)
def test_a_wait_of_years_is_not_begun(store: AnyStore, server: ScriptedServer, value: str) -> None:
    server.answer(problem(503, "storage_unavailable", retry_after=value))

    with pytest.raises(ImageStoreError) as failed:
        store(lambda s: s.images.get("i1"))

    assert (len(server.requests), store.waits) == (1, [])
    assert failed.value.retry_after == 366 * 86_400


@pytest.mark.parametrize(
    "date",
    ["Fri, 99999999999999999999 Dec 2026 00:00:00 GMT", "Fri, 31 Dec 2026 23:59:59 +99999999999999999999"],
)
def test_a_date_that_no_clock_knows_counts_as_missing(
    store: AnyStore, server: ScriptedServer, date: str
) -> None:
    busy = Answer(503, {"code": "storage_unavailable"}, {"Retry-After": date, "Date": date})
    server.answer(busy, IMAGE)

    image = store(lambda s: s.images.get("i1"))

    assert image == {"id": "i1"}
    assert store.waits[0] < 1
