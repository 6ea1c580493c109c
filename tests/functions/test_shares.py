"""Shares: how owners create, list and revoke them, and what everybody sees by their addresses."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient
from tests.functions.deployment import (
    API,
    CDN,
    IMAGE_ID,
    Answer,
    Deployment,
    assert_refused,
    event,
    from_owner,
    sent_bytes,
    with_bytes,
    with_headers,
    with_query,
)

MINUTE = timedelta(minutes=1)
PRIVATE = "https://private.invalid/"


@pytest.fixture(autouse=True)
def stored(store: Deployment) -> None:
    store.answer_to("upload/raw")


def address_of(name: str, **parts: str) -> dict[str, Any]:
    """An event with other parts of its path."""
    sent = deepcopy(event(name))
    for part, value in parts.items():
        sent["rawPath"] = sent["rawPath"].replace(sent["pathParameters"][part], value)
        sent["pathParameters"][part] = value
    sent["requestContext"]["http"]["path"] = sent["rawPath"]
    return sent


def look(store: Deployment, prefix: str, image_id: str = IMAGE_ID, preset: str = "thumb") -> Answer:
    """What whoever knows the address of a share is answered."""
    token = prefix.removeprefix(f"{API}/s/")
    sent = address_of("links/shared-thumb", token=token, image_id=image_id, preset=preset)
    return store.call(sent, function="links")


def as_head(sent: dict[str, Any]) -> dict[str, Any]:
    """The same request by HEAD."""
    changed = deepcopy(sent)
    changed["requestContext"]["http"]["method"] = "HEAD"
    return changed


# Managing --------------------------------------------------------------------------------------------------


def test_a_share_of_an_image_says_what_it_shows_and_until_when(store: Deployment) -> None:
    answer = store.answer_to("share/share-image")

    prefix = answer.json.pop("url_prefix")
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    assert prefix == f"{API}{event('links/shared-thumb')['rawPath'].removesuffix(f'/{IMAGE_ID}/thumb')}"
    assert {name: value for name, value in answer.json.items() if name != "url_prefix"} == {
        "id": event("share/revoke-share")["pathParameters"]["share_id"],
        "image_id": IMAGE_ID,
        "group": None,
        "all": False,
        "presets": ["thumb", "w640"],
        "name": "For Bob",
        "status": "active",
        "created_at": "2026-03-01T12:00:00.000Z",
        "created_by": "subject:alice",
        "expires_at": "2026-03-02T12:00:00.000Z",
        "revoked_at": None,
        "last_used_at": None,
    }


@pytest.mark.parametrize(
    ("name", "target"),
    [("share/share-group", ("session:s1", False)), ("share/share-everything", (None, True))],
)
def test_a_group_and_everything_are_shared_for_an_hour(
    store: Deployment, name: str, target: tuple[str | None, bool]
) -> None:
    share = store.answer_to(name).json

    assert (share["group"], share["all"]) == target
    assert (share["presets"], share["name"], share["image_id"]) == (None, None, None)
    assert share["expires_at"] == "2026-03-01T13:00:00.000Z"
    assert look(store, share["url_prefix"]).status == 302


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("share/share-two-things", ["body"]),
        ("share/share-wrong-values", [0, "expires_in", "name"]),
        ("share/share-unknown-preset", ["presets"]),
    ],
)
def test_a_wrong_share_is_refused_with_its_faults_and_leaves_nothing(
    store: Deployment, name: str, places: list[Any]
) -> None:
    before = store.contents()

    answer = store.answer_to(name)

    assert_refused(answer, 400, "invalid_request")
    assert sorted((error["loc"][-1] for error in answer.json["errors"]), key=str) == places
    assert store.contents() == before


@pytest.mark.parametrize(
    "body", [{}, {"all": False}, {"all": "true"}, {"image_id": None}, {"image_id": IMAGE_ID, "group": "a:b"}]
)
def test_a_share_is_of_exactly_one_thing(store: Deployment, body: dict[str, Any]) -> None:
    sent = event("share/share-everything") | {"body": json.dumps(body)}

    assert_refused(store.call(sent, function="share"), 400, "invalid_request")


def test_nobody_shares_what_is_not_theirs(store: Deployment) -> None:
    before = store.contents()

    assert_refused(store.answer_to("share/share-of-somebody-else"), 404, "image_not_found")
    foreign = from_owner(event("share/share-image"), "mallory")
    assert_refused(store.call(foreign, function="share"), 404, "image_not_found")
    assert store.contents() == before


def test_shares_are_listed_in_pages_with_the_newest_first(store: Deployment) -> None:
    created = []
    for name in ("share/share-image", "share/share-group", "share/share-everything"):
        created.append(store.answer_to(name).json)
        store.set_clock.instant += MINUTE

    pages, query = [], "limit=2"
    while True:
        page = store.call(with_query(event("share/list-shares"), query), function="share").json
        pages.append(page["items"])
        if page["next_cursor"] is None:
            break
        query = f"limit=2&cursor={page['next_cursor']}"

    assert pages == [created[:0:-1], created[:1]]
    foreign = with_query(from_owner(event("share/list-shares"), "mallory"), query)
    assert_refused(store.call(foreign, function="share"), 400, "invalid_cursor")


def test_the_list_says_which_shares_are_over(store: Deployment) -> None:
    store.answer_to("share/share-image")
    store.answer_to("share/share-everything")
    store.answer_to("share/revoke-share")
    store.set_clock.instant += 60 * MINUTE

    page = store.call(with_query(event("share/list-shares"), ""), function="share").json["items"]

    assert {share["name"]: (share["status"], share["revoked_at"]) for share in page} == {
        "For Bob": ("revoked", "2026-03-01T12:00:00.000Z"),
        None: ("expired", None),
    }


def test_a_share_is_revoked_for_good_and_only_by_its_owner(store: Deployment) -> None:
    prefix = store.answer_to("share/share-image").json["url_prefix"]

    foreign = store.call(from_owner(event("share/revoke-share"), "mallory"), function="share")
    assert_refused(foreign, 404, "share_not_found")
    assert look(store, prefix).status == 302
    assert [store.answer_to("share/revoke-share").status for _ in range(2)] == [204, 204]
    store.set_clock.instant += MINUTE

    assert_refused(look(store, prefix), 404, "image_not_found")


@pytest.mark.parametrize("share_id", ["missing", "0" * 16, "%00", "a" * 3_000])
def test_a_share_that_is_not_there_cannot_be_revoked(store: Deployment, share_id: str) -> None:
    sent = address_of("share/revoke-share", share_id=share_id)

    assert_refused(store.call(sent, function="share"), 404, "share_not_found")


def test_a_key_that_acts_for_an_owner_creates_a_share_of_that_owner(store: Deployment) -> None:
    sent = deepcopy(event("share/share-everything"))
    key = key_holder("0123456789abcdef", owner="backend", scopes={Scope.WRITE_IMAGES, Scope.ACT_AS})
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(key)

    own = store.call(sent, function="share").json
    for_alice = store.call(with_headers(sent, image_store_owner="alice"), function="share").json

    assert look(store, own["url_prefix"]).status == 404
    assert look(store, for_alice["url_prefix"]).status == 302
    assert [share["id"] for share in store.answer_to("share/list-shares").json["items"]] == [for_alice["id"]]


def test_a_key_that_may_only_read_lists_shares_without_their_addresses(store: Deployment) -> None:
    store.answer_to("share/share-image")
    sent = deepcopy(event("share/list-shares"))
    key = key_holder("0123456789abcdef", owner="alice", scopes={Scope.READ_IMAGES})
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(key)

    page = store.call(sent, function="share")

    assert [(share["name"], share["url_prefix"]) for share in page.json["items"]] == [("For Bob", None)]
    assert "/s/" not in page.text


# Looking ---------------------------------------------------------------------------------------------------


def test_a_private_image_is_behind_a_redirect_that_a_browser_keeps_for_a_minute(store: Deployment) -> None:
    store.answer_to("share/share-image")

    answer = store.answer_to("links/shared-thumb")

    assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (302, "", "private, max-age=60")
    assert answer.headers["Vary"] == "Accept, Origin"
    key = answer.headers["Location"].removeprefix(PRIVATE).partition("?")[0]
    assert "/thumb." in key
    assert key in store.private_bucket.objects


def test_a_missing_rendition_is_made_in_the_format_that_is_accepted(store: Deployment) -> None:
    store.answer_to("share/share-image")

    answer = store.call(
        with_headers(event("links/shared-w640"), accept="image/avif,image/webp"), function="links"
    )

    assert answer.headers["Location"].partition("?")[0].endswith(".avif")
    assert [name for name, _ in store.lambda_client.invoked] == ["image-store-render"]


def test_what_stands_in_for_a_missing_rendition_is_kept_by_no_cache(store: Deployment) -> None:
    store.answer_to("share/share-image")
    store.lambda_client.fails = True

    answer = store.answer_to("links/shared-w640")

    assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, no-store")


def test_a_published_image_is_behind_a_redirect_to_its_copy(store: Deployment) -> None:
    store.answer_to("share/share-image")
    store.answer_to("update/published")

    answer = store.answer_to("links/shared-thumb")

    assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, max-age=60")
    assert answer.headers["Location"].startswith(f"{CDN}/p/")


def test_head_is_answered_as_get_is_with_a_link_for_head(store: Deployment) -> None:
    store.answer_to("share/share-image")

    read = store.answer_to("links/shared-thumb")
    head = store.call(as_head(event("links/shared-thumb")), function="links")

    assert (head.status, head.text) == (302, "")
    assert head.headers["Location"] != read.headers["Location"]
    assert {**head.headers, "Location": ""} == {**read.headers, "Location": ""}


def test_the_last_seconds_of_a_share_are_not_exceeded_by_a_cache(store: Deployment) -> None:
    prefix = store.answer_to("share/share-everything").json["url_prefix"]
    store.set_clock.instant += 60 * MINUTE - timedelta(seconds=9.5)

    assert look(store, prefix).headers["Cache-Control"] == "private, max-age=9"
    store.set_clock.instant += timedelta(seconds=9.5)
    assert_refused(look(store, prefix), 404, "image_not_found")


@pytest.mark.parametrize(
    "parts",
    [
        {"preset": "display"},
        {"preset": "original"},
        {"image_id": "019ca945-0a00-7000-8000-0000000000ff"},
        {"image_id": "%00"},
        {"token": "0000000000000005"},
        {"token": "0000000000000005.AAAAAAAAAAAAAAAAAAAAAA"},
        {"token": "0000000000000006.j7QcnXM3kWMCarKJNwIhmQ"},
    ],
    ids=str,
)
def test_whatever_a_share_does_not_show_is_not_found(store: Deployment, parts: dict[str, str]) -> None:
    store.answer_to("share/share-image")

    answer = store.call(address_of("links/shared-thumb", **parts), function="links")

    assert_refused(answer, 404, "image_not_found")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["delete/trash", "delete/permanent"])
def test_an_image_that_was_deleted_is_no_longer_shown(store: Deployment, name: str) -> None:
    store.answer_to("share/share-image")
    assert store.answer_to("links/shared-thumb").status == 302

    store.answer_to(name)

    assert_refused(store.answer_to("links/shared-thumb"), 404, "image_not_found")


def test_everything_is_everything_of_the_owner_alone(store: Deployment) -> None:
    foreign = store.call(from_owner(event("upload/raw"), "bob"), function="upload").json["id"]
    prefix = store.answer_to("share/share-everything").json["url_prefix"]

    assert_refused(look(store, prefix, foreign), 404, "image_not_found")


@pytest.mark.parametrize(
    ("share", "read"), [("share/share-everything", "get_item"), ("share/share-group", "query")]
)
def test_a_gallery_of_a_hundred_images_in_three_widths_costs_one_read_for_each_picture(
    share: str, read: str
) -> None:
    dynamodb = InterceptedClient(MemoryDynamo())
    store = Deployment(dynamodb)
    image_ids = []
    for number in range(100):
        changed = sent_bytes("upload/raw") + bytes([number])  # bytes after the end of a PNG are kept
        answer = store.call(with_bytes(event("upload/raw"), changed), function="upload")
        image_ids.append(answer.json["id"])
    prefix = store.answer_to(share).json["url_prefix"]
    widths = ("thumb", "w640", "w1280")
    for image_id in image_ids:
        for width in widths:
            assert look(store, prefix, image_id, width).status == 302
    rendered = len(store.lambda_client.invoked)
    store.set_clock.instant += MINUTE
    dynamodb.calls.clear()

    answers = [look(store, prefix, image_id, width) for image_id in image_ids for width in widths]

    assert {answer.headers["Cache-Control"] for answer in answers} == {"private, max-age=60"}
    assert len({answer.headers["Location"] for answer in answers}) == 300
    assert Counter(dynamodb.operations) == Counter({read: 300}) + Counter(
        get_item=1
    )  # and the share once a minute
    assert len(store.lambda_client.invoked) == rendered == 200
