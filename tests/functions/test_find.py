"""The functions by which images are found: lists by projections, search and feed (C1, C2, C3)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.functions.deployment import (
    Deployment,
    assert_refused,
    event,
    from_owner,
    with_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ATTRIBUTES = (
    "tag=harbour&tag=dawn&category=ships&title=Boats%20at%20dawn&group=session%3As1&filename=squares.png"
)


@pytest.fixture
def ids(store: Deployment) -> list[str]:
    """Three images, oldest first: of a group, public, and with much said about it; all projected."""
    stored = []
    described = with_query(event("upload/raw"), ATTRIBUTES)
    for sent in (event("upload/raw"), event("upload/public"), described):
        stored.append(store.call(sent, function="upload").json["id"])
        store.set_clock.instant += timedelta(seconds=1)
    store.projected()
    return stored


def found(store: Deployment, name: str) -> list[str]:
    answer = store.answer_to(name)
    assert answer.status == 200, answer.text
    return [card["id"] for card in answer.json["items"]]


def after(sent: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    assert cursor is not None
    return with_query(sent, f"{sent['rawQueryString']}&cursor={quote(cursor)}".lstrip("&"))


# Lists ------------------------------------------------------------------------------------------------


def generated(store: Deployment, **changes: str) -> str:
    made = {"prompt": "a harbour", "model": "flux-1", "provider": "cloudflare"} | changes
    form = event("upload/data-uri")
    attributes = {"generation": made, "kind": "generated", "category": "ships", "tags": ["harbour"]}
    body = json.dumps({**json.loads(form["body"]), **attributes})
    answer = store.call(form | {"body": body}, function="upload")
    assert answer.status == 201, answer.text
    store.set_clock.instant += timedelta(seconds=1)
    return str(answer.json["id"])


def test_lists_know_tag_category_model_and_provider(store: Deployment) -> None:
    first, _, last = generated(store), generated(store, provider="other"), generated(store)
    generated(store, model="another")

    store.projected()

    assert found(store, "list/by-tag") == [last, first]


# Search -----------------------------------------------------------------------------------------------


def test_words_and_beginnings_are_found_whatever_their_case_and_accents(
    store: Deployment, ids: list[str]
) -> None:
    # The first one has the word in its title, the last one in its filename alone.
    assert found(store, "search/words") == [ids[0], ids[2]]


def test_a_search_takes_the_filters_of_a_list(store: Deployment, ids: list[str]) -> None:
    assert found(store, "search/among") == [ids[0], ids[2]]


def test_the_trash_is_searched_on_its_own(store: Deployment, ids: list[str]) -> None:
    store.answer_to("delete/trash")
    store.projected()

    assert found(store, "search/trash") == [ids[0]]


def test_what_is_trashed_is_not_found_even_before_it_is_projected(store: Deployment, ids: list[str]) -> None:
    store.answer_to("delete/trash")

    assert ids[0] not in found(store, "search/words")


@pytest.mark.usefixtures("ids")
def test_nobody_finds_images_of_somebody_else(store: Deployment) -> None:
    """A8."""
    assert found(store, "search/of-somebody-else") == []


@pytest.mark.usefixtures("ids")
def test_a_search_without_words_finds_nothing(store: Deployment) -> None:
    assert found(store, "search/no-words") == []


def test_a_cursor_of_a_search_leads_to_the_rest(store: Deployment, ids: list[str]) -> None:
    sent, seen, cursor = event("search/page-of-one"), [], None
    while True:
        answer = store.call(sent if cursor is None else after(sent, cursor), function="search")
        seen += [card["id"] for card in answer.json["items"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(ids)


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize(
    "misuse",
    [
        lambda sent: from_owner(sent, "mallory"),
        lambda sent: with_query(sent, sent["rawQueryString"] + "&kind=upload"),
    ],
    ids=["of somebody else", "of another search"],
)
def test_a_cursor_of_a_search_is_good_for_its_own_alone(
    store: Deployment, misuse: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    cursor = store.answer_to("search/page-of-one").json["next_cursor"]

    answer = store.call(misuse(after(event("search/page-of-one"), cursor)), function="search")

    assert_refused(answer, 400, "invalid_cursor")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("search/nothing-asked", "invalid_request"),
        ("search/trash-of-a-group", "invalid_request"),
        ("search/forged-cursor", "invalid_cursor"),
    ],
)
def test_a_search_that_the_contract_forbids_is_refused(store: Deployment, name: str, code: str) -> None:
    assert_refused(store.answer_to(name), 400, code)


# Feed -------------------------------------------------------------------------------------------------


def test_the_feed_shows_what_is_public_and_says_nothing_private(store: Deployment, ids: list[str]) -> None:
    """C2."""
    answer = store.answer_to("feed/newest")

    (card,) = answer.json["items"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert card.pop("thumb_url").removeprefix("https://cdn.example.com/") in store.public_bucket.objects
    assert card.pop("placeholder")["color"].startswith("#")
    assert card.pop("public_url").startswith("https://abcdef1234.execute-api.eu-central-1.amazonaws.com/i/")
    assert card == {
        "id": ids[1],
        "kind": "upload",
        "filename": None,
        "content_type": "image/png",
        "size_bytes": 97,
        "width": 16,
        "height": 12,
        "alt_text": None,
        "created_at": "2026-03-01T12:00:01.000Z",
    }


@pytest.mark.parametrize(
    ("said", "details", "shown"),
    [
        ("title=a%20secret%20plan", "false", (None, None)),
        ("title=a%20secret%20plan", "true", ("a secret plan", "cat.png")),
        ("title=a%20secret%20plan&alt_text=a%20cat", "false", ("a cat", None)),
    ],
    ids=["derived", "derived, as the deployment says", "given"],
)
def test_filenames_and_derived_texts_are_shown_only_where_the_deployment_says_so(
    deployed: Callable[..., Deployment], said: str, details: str, shown: tuple[str | None, str | None]
) -> None:
    store = deployed(FEED_DETAILS=details)
    store.call(
        with_query(event("upload/public"), f"visibility=public&filename=cat.png&{said}"), function="upload"
    )
    store.projected()

    (card,) = store.answer_to("feed/newest").json["items"]

    assert (card["alt_text"], card["filename"]) == shown


def test_a_row_that_is_behind_shows_no_private_image(store: Deployment, ids: list[str]) -> None:
    sent = event("update/made-private")
    path = {"image_id": ids[1]}
    answer = store.call(sent | {"pathParameters": path, "rawPath": f"/v1/images/{ids[1]}"}, function="update")
    assert answer.status == 200, answer.text

    assert found(store, "feed/newest") == []


def test_the_feed_goes_on_over_months_newest_first(store: Deployment) -> None:
    stored = []
    for _ in range(3):
        stored.append(store.call(event("upload/public"), function="upload").json["id"])
        store.set_clock.instant += timedelta(days=31)
    store.projected()
    seen, cursor = [], None
    while True:
        sent = event("feed/page-of-one")
        answer = store.call(sent if cursor is None else after(sent, cursor), function="feed")
        seen += [card["id"] for card in answer.json["items"]]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            break

    assert seen == stored[::-1]


@pytest.mark.parametrize(
    ("name", "code"),
    [("feed/forged-cursor", "invalid_cursor"), ("feed/unknown-parameter", "invalid_request")],
)
def test_a_feed_that_the_contract_forbids_is_refused(store: Deployment, name: str, code: str) -> None:
    assert_refused(store.answer_to(name), 400, code)
