"""Changing and restoring many images in one request, each on its own (I1)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.functions.deployment import (
    CDN,
    IMAGE_ID,
    Context,
    Deployment,
    assert_refused,
    event,
    from_owner,
    with_headers,
)

UNKNOWN = {"01a1fcd6-bd73-79fe-b31d-713c8c11977f": "image_not_found", "no-id": "image_not_found"}
NO_TIME = Context(remaining=timedelta(seconds=4))


@pytest.fixture(autouse=True)
def stored(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.set_clock.instant += timedelta(minutes=1)


def codes(answer: Any) -> dict[str, str]:
    return {failed["id"]: failed["error"]["code"] for failed in answer.json["failed"]}


def changing(store: Deployment, **changes: Any) -> Any:
    """Change the image in a batch."""
    return store.call(
        event("update/batch") | {"body": json.dumps({"ids": [IMAGE_ID], **changes})}, function="update"
    )


def image_of(store: Deployment) -> dict[str, Any]:
    image: dict[str, Any] = store.answer_to("retrieve/image").json
    return image


# Changes ---------------------------------------------------------------------------------------------------


def test_images_are_changed_and_the_others_are_named(store: Deployment) -> None:
    answer = store.answer_to("update/batch")

    assert (answer.status, answer.json["successful"], codes(answer)) == (200, [IMAGE_ID], UNKNOWN)
    assert answer.headers["Cache-Control"] == "private, no-store"
    image = image_of(store)
    assert (image["tags"], image["groups"]) == (["four", "squares", "flat"], {"album": ["summer"]})
    assert (image["visibility"], image["category"]) == ("public", "art")
    assert image["renditions"]["thumb"]["url"].startswith(CDN)


def test_what_was_added_can_be_removed_again(store: Deployment) -> None:
    store.answer_to("update/batch")

    answer = store.answer_to("update/batch-back")

    image = image_of(store)
    assert (answer.json["successful"], answer.json["failed"]) == ([IMAGE_ID], [])
    assert (image["tags"], image["groups"]) == (["four", "squares"], {})
    assert (image["visibility"], image["category"], image["public_url"]) == ("private", None, None)
    assert store.public_bucket.objects == {}


def test_only_what_is_sent_changes(store: Deployment) -> None:
    store.answer_to("update/batch")
    before = image_of(store)
    store.set_clock.instant += timedelta(minutes=1)

    changing(store, add_tags=["new"])

    after = image_of(store)
    assert {name for name in before if before[name] != after[name]} == {"tags", "updated_at"}
    assert after["tags"] == [*before["tags"], "new"]


def test_the_same_batch_again_changes_nothing(store: Deployment) -> None:
    store.answer_to("update/batch")
    before = image_of(store)
    store.set_clock.instant += timedelta(minutes=1)

    answer = store.answer_to("update/batch")

    assert (answer.json["successful"], codes(answer)) == ([IMAGE_ID], UNKNOWN)
    assert image_of(store) == before


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ({"add_tags": [str(n) for n in range(20)]}, {"add_tags": ["one more"]}),
        ({"add_groups": [f"album:{n}" for n in range(20)]}, {"add_groups": ["album:one more"]}),
    ],
)
def test_too_many_names_fail_their_image_and_leave_it_as_it_is(
    store: Deployment, first: dict[str, Any], more: dict[str, Any]
) -> None:
    changing(store, remove_tags=["four", "squares"], remove_groups=["session:s1"], **first)
    before = image_of(store)

    answer = changing(store, visibility="public", **more)

    assert codes(answer) == {IMAGE_ID: "invalid_request"}
    assert image_of(store) == before


def test_an_image_in_the_trash_is_not_changed(store: Deployment) -> None:
    store.answer_to("delete/trash")

    assert codes(store.answer_to("update/batch-back")) == {IMAGE_ID: "image_not_found"}


@pytest.mark.parametrize(
    "name",
    [
        "update/batch-of-101",
        "update/batch-of-nothing",
        "update/batch-without-changes",
        "update/batch-to-and-fro",
        "update/batch-wrong-values",
    ],
)
def test_a_refused_batch_changes_nothing(store: Deployment, name: str) -> None:
    before = image_of(store)

    assert_refused(store.answer_to(name), 400, "invalid_request")
    assert image_of(store) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"add_tags": [""]},
        {"add_tags": [str(n) for n in range(21)]},
        {"add_groups": ["album:" + "a" * 129]},
        {"visibility": None},
        {"title": "The same for all"},
    ],
)
def test_wrong_changes_refuse_the_whole_batch(store: Deployment, changes: dict[str, Any]) -> None:
    assert_refused(changing(store, category="art", **changes), 400, "invalid_request")


def test_a_batch_of_changes_is_json(store: Deployment) -> None:
    sent = with_headers(event("update/batch"), content_type="application/merge-patch+json")

    assert_refused(store.call(sent, function="update"), 415, "unsupported_media_type")


# Restoring -------------------------------------------------------------------------------------------------


def test_images_are_taken_out_of_the_trash(store: Deployment) -> None:
    store.answer_to("delete/trash")

    first, second = store.answer_to("delete/batch-restore"), store.answer_to("delete/batch-restore")

    assert (first.status, first.json["successful"], codes(first)) == (200, [IMAGE_ID], UNKNOWN)
    assert second.json == first.json
    assert image_of(store)["status"] == "ready"


def test_a_batch_of_nothing_is_not_restored(store: Deployment) -> None:
    assert_refused(store.answer_to("delete/batch-restore-of-nothing"), 400, "invalid_request")


# Both ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["update/batch", "delete/batch-restore"])
def test_foreign_images_are_not_found(store: Deployment, name: str) -> None:
    store.answer_to("delete/trash")
    function = name.partition("/")[0]

    answer = store.call(from_owner(event(name), "bob"), function=function)

    assert (answer.json["successful"], codes(answer)[IMAGE_ID]) == ([], "image_not_found")
    assert image_of(store)["status"] == "trashed"


@pytest.mark.parametrize("name", ["update/batch", "delete/batch-restore"])
def test_what_is_not_reached_in_time_can_be_sent_again(store: Deployment, name: str) -> None:
    function = name.partition("/")[0]

    late = store.call(event(name), function=function, context=NO_TIME)

    assert (late.status, late.json["successful"]) == (200, [])
    assert set(codes(late).values()) == {"deadline_exceeded"}
    assert store.answer_to(name).json["successful"] == [IMAGE_ID]
