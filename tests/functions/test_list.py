"""The function that lists an owner's images (C1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.functions.deployment import Deployment, assert_refused, event, from_owner, with_query

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = {
    "list/forged-cursor": "invalid_cursor",
    "list/limit-too-high": "invalid_request",
    "list/unknown-parameter": "invalid_request",
    "list/parameter-given-twice": "invalid_request",
    "list/query-not-utf-8": "invalid_request",
    "list/trash-of-a-group": "invalid_request",
}


@pytest.fixture
def ids(store: Deployment) -> list[str]:
    """Three images, oldest first: of a group, public, and without anything."""
    stored = []
    for sent in (event("upload/raw"), event("upload/public"), with_query(event("upload/raw"), "")):
        stored.append(store.call(sent, function="upload").json["id"])
        store.set_clock.instant += timedelta(seconds=1)
    return stored


def listed_ids(store: Deployment, sent: dict[str, Any]) -> tuple[list[str], str | None]:
    answer = store.call(sent, function="list")
    assert answer.status == 200, answer.text
    return [card["id"] for card in answer.json["items"]], answer.json["next_cursor"]


def after(sent: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    assert cursor is not None
    return with_query(sent, f"{sent['rawQueryString']}&cursor={quote(cursor)}")


def test_a_list_is_newest_first(store: Deployment, ids: list[str]) -> None:
    assert listed_ids(store, event("list/newest")) == (ids[::-1], None)


def test_a_card_has_the_fields_of_a_gallery_and_no_object_key(store: Deployment, ids: list[str]) -> None:
    answer = store.answer_to("list/newest")

    cards = answer.json["items"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert cards[2].pop("thumb_url").startswith("https://private.invalid/images/upload/2026/03/")
    assert cards[2].pop("placeholder")["color"].startswith("#")
    assert cards[2] == {
        "id": ids[0],
        "kind": "upload",
        "visibility": "private",
        "filename": "squares.png",
        "content_type": "image/png",
        "size_bytes": 97,
        "width": 16,
        "height": 12,
        "alt_text": None,
        "created_at": "2026-03-01T12:00:00.000Z",
    }


def test_the_thumbnail_of_a_public_image_comes_from_the_cdn(store: Deployment, ids: list[str]) -> None:
    card = store.answer_to("list/newest").json["items"][1]

    assert (card["id"], card["visibility"]) == (ids[1], "public")
    assert card["thumb_url"].removeprefix("https://cdn.example.com/") in store.public_bucket.objects


def test_a_cursor_leads_to_the_rest(store: Deployment, ids: list[str]) -> None:
    first, cursor = listed_ids(store, event("list/page-of-two"))
    rest, end = listed_ids(store, after(event("list/page-of-two"), cursor))

    assert (first, rest, end) == ([ids[2], ids[1]], [ids[0]], None)


def test_filters_hold_together_and_dates_are_inclusive_and_exclusive(
    store: Deployment, ids: list[str]
) -> None:
    assert listed_ids(store, event("list/filtered")) == ([ids[0]], None)


def test_the_trash_is_a_list_of_its_own(store: Deployment, ids: list[str]) -> None:
    """D4."""
    store.answer_to("delete/trash")

    assert listed_ids(store, event("list/trash")) == ([ids[0]], None)
    assert listed_ids(store, event("list/newest")) == ([ids[2], ids[1]], None)


@pytest.mark.usefixtures("ids")
def test_the_list_of_another_owner_is_empty(store: Deployment) -> None:
    """A8."""
    assert listed_ids(store, event("list/page-of-two-of-somebody-else")) == ([], None)


def _foreign(sent: dict[str, Any]) -> dict[str, Any]:
    return from_owner(sent, "mallory")


def _of_another_query(sent: dict[str, Any]) -> dict[str, Any]:
    return with_query(sent, f"{sent['rawQueryString']}&order=asc")


def _tampered(sent: dict[str, Any]) -> dict[str, Any]:
    start, equals, cursor = sent["rawQueryString"].rpartition("=")
    other = "B" if cursor[0] == "A" else "A"
    return with_query(sent, f"{start}{equals}{other}{cursor[1:]}")


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    "misused", [_foreign, _of_another_query, _tampered], ids=lambda maker: maker.__name__
)
def test_a_cursor_is_valid_for_its_owner_and_query_only(
    store: Deployment, misused: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    _, cursor = listed_ids(store, event("list/page-of-two"))
    sent = after(event("list/page-of-two"), cursor)

    answer = store.call(misused(sent), function="list")

    assert_refused(answer, 400, "invalid_cursor")


@pytest.mark.usefixtures("ids")
def test_a_cursor_expires_after_a_day(store: Deployment) -> None:
    _, cursor = listed_ids(store, event("list/page-of-two"))
    store.set_clock.instant += timedelta(days=1, seconds=1)

    answer = store.call(after(event("list/page-of-two"), cursor), function="list")

    assert_refused(answer, 400, "invalid_cursor")


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_query_is_refused(store: Deployment, name: str) -> None:
    """F5."""
    answer = store.answer_to(name)

    assert_refused(answer, 400, REFUSED[name])


def test_a_request_whose_token_was_refused_is_unauthorized(store: Deployment) -> None:
    assert_refused(store.answer_to("list/no-subject"), 401, "invalid_token")
