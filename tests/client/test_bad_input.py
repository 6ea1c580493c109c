"""What the Python client refuses before any request, and answers that must not mislead it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest

from image_store_client import AsyncImageStore, ImageStore, ImageStoreError
from tests.client.both import ASYNC, SYNC, AnyStore, any_store, quick_store
from tests.client.scripted_server import Answer, ScriptedServer, problem

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = Answer(200, {"id": "i1"})
NO_TOKENS = ["isk_1\nisk_2", "isk_ä", "isk_1 isk_2", " ", "", b"isk_1"]
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
