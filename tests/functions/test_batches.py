"""Batches through the functions: uploads and deletions, each item on its own (A6, A12)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.errors import QuotaExceeded
from image_store.services.groups import members
from tests.functions.deployment import (
    API,
    IMAGE_ID,
    Context,
    Deployment,
    assert_refused,
    event,
    from_owner,
    sent_bytes,
    with_headers,
)

PICTURE = sent_bytes("upload/raw")


def codes(answer: Any) -> dict[Any, str]:
    """The codes of what failed, by index or id."""
    return {
        failed.get("index", failed.get("id")): failed["error"]["code"] for failed in answer.json["failed"]
    }


def with_items(*items: Any) -> dict[str, Any]:
    return event("upload/batch") | {"body": json.dumps({"items": items})}


def items_of(name: str) -> list[Any]:
    items: list[Any] = json.loads(event(name)["body"])["items"]
    return items


# Uploads ---------------------------------------------------------------------------------------------------


def test_a_batch_stores_its_images_by_their_places(store: Deployment) -> None:
    answer = store.answer_to("upload/batch")

    first, second = answer.json["successful"]
    assert (answer.status, answer.json["failed"]) == (200, [])
    assert (first["index"], first["image"]["filename"]) == (0, "squares.png")
    assert (second["index"], second["image"]["filename"]) == (1, "second.png")
    image = first["image"]
    assert image["url"] == f"{API}/v1/images/{image['id']}/content"
    assert image["groups"] == {"session": ["s1"]}
    originals = [file.data for key, file in store.private_bucket.objects.items() if "/original." in key]
    assert originals == [PICTURE, PICTURE]


def test_bad_items_spoil_no_others(store: Deployment) -> None:
    answer = store.answer_to("upload/batch-mixed")

    assert answer.status == 200
    assert [stored["index"] for stored in answer.json["successful"]] in ([0], [0, 7], [7])
    failed = codes(answer)
    assert failed.pop(7, "duplicate_image") in {"duplicate_image", "conflict"}
    assert failed == {
        1: "unsupported_media_type",
        2: "invalid_request",
        3: "invalid_request",
        4: "invalid_request",
        5: "invalid_request",
        6: "invalid_request",
    }


def test_the_error_of_an_item_is_a_problem_that_names_its_place(store: Deployment) -> None:
    answer = store.call(with_items(items_of("upload/batch-mixed")[5]), function="upload")

    (failed,) = answer.json["failed"]
    error = failed["error"]
    assert set(error) == {"type", "title", "status", "detail", "code", "errors"}
    assert (error["status"], error["title"], error["code"]) == (400, "Bad Request", "invalid_request")
    assert [fault["loc"] for fault in error["errors"]] == [["body", "items", 0, "unknown"]]


def test_text_that_cannot_be_stored_fails_only_its_own_item(store: Deployment) -> None:
    answer = store.answer_to("upload/batch-unpaired-surrogate")

    assert codes(answer) == {0: "invalid_request"}
    assert [stored["index"] for stored in answer.json["successful"]] == [1]


@pytest.mark.parametrize("name", ["upload/batch-empty", "upload/batch-of-21", "upload/batch-broken-json"])
def test_a_batch_of_another_form_is_refused_as_a_whole(store: Deployment, name: str) -> None:
    assert_refused(store.answer_to(name), 400, "invalid_request")
    assert store.is_empty()


def test_a_batch_of_more_than_a_function_takes_is_refused_as_a_whole(store: Deployment) -> None:
    sent = event("upload/batch") | {"body": '{"items": [' + " " * 4_700_000 + "]}"}

    assert_refused(store.call(sent, function="upload"), 413, "payload_too_large")


def test_a_batch_is_json(store: Deployment) -> None:
    sent = with_headers(event("upload/batch"), content_type="image/png")

    assert_refused(store.call(sent, function="upload"), 415, "unsupported_media_type")


def test_a_repeated_batch_answers_the_same_images(store: Deployment) -> None:
    sent = with_headers(event("upload/batch"), idempotency_key="k")

    first, again = store.call(sent, function="upload"), store.call(sent, function="upload")

    ids = [stored["image"]["id"] for stored in first.json["successful"]]
    assert [stored["image"]["id"] for stored in again.json["successful"]] == ids
    assert len(set(ids)) == 2
    assert len([key for key in store.private_bucket.objects if "/original." in key]) == 2


def test_a_key_is_bound_to_place_and_content_of_an_item(store: Deployment) -> None:
    one, two = items_of("upload/batch")
    store.call(with_headers(with_items(one), idempotency_key="k"), function="upload")

    changed = store.call(
        with_headers(with_items({**one, "title": "New"}, two), idempotency_key="k"), function="upload"
    )
    moved = store.call(with_headers(with_items(two, two, one), idempotency_key="k"), function="upload")

    assert codes(changed) == {0: "idempotency_mismatch"}
    assert codes(moved) == {0: "idempotency_mismatch"}
    assert [stored["index"] for stored in moved.json["successful"]] == [1, 2]


def test_a_key_is_bound_to_its_owner_and_route(store: Deployment) -> None:
    (one, _) = items_of("upload/batch")
    keyed = with_headers(with_items(one), idempotency_key="k")
    single = with_headers(event("upload/base64"), idempotency_key="k")

    answers = [
        store.call(keyed, function="upload").json["successful"][0]["image"]["id"],
        store.call(from_owner(keyed, "bob"), function="upload").json["successful"][0]["image"]["id"],
        store.call(single, function="upload").json["id"],
    ]

    assert len(set(answers)) == 3


def test_items_that_are_not_begun_in_time_fail_for_that_reason(store: Deployment) -> None:
    late = Context(remaining=timedelta(seconds=4))

    answer = store.call(event("upload/batch"), function="upload", context=late)

    assert (answer.status, answer.json["successful"]) == (200, [])
    assert codes(answer) == {0: "deadline_exceeded", 1: "deadline_exceeded"}
    assert store.is_empty()


def test_a_quota_refuses_what_is_beyond_it_and_nothing_else(deployed: Any) -> None:
    store = deployed(QUOTA_IMAGES="1")

    answer = store.answer_to("upload/batch")

    assert len(answer.json["successful"]) == 1
    assert list(codes(answer).values()) == [QuotaExceeded.code]


# Deletions -------------------------------------------------------------------------------------------------


def test_images_are_deleted_by_their_ids(store: Deployment) -> None:
    store.answer_to("upload/raw")

    answer = store.answer_to("delete/batch")

    assert (answer.status, answer.json["successful"]) == (200, [IMAGE_ID])
    assert codes(answer) == {
        "01a1fcd6-bd73-79fe-b31d-713c8c11977f": "image_not_found",
        "no-id": "image_not_found",
    }
    assert answer.json["next_cursor"] is None
    assert store.answer_to("retrieve/image").json["status"] == "trashed"


def test_images_are_deleted_for_good_when_that_is_asked_for(store: Deployment) -> None:
    store.answer_to("upload/raw")

    answer = store.answer_to("delete/batch-permanent")

    assert answer.json["successful"] == [IMAGE_ID]
    assert store.private_bucket.objects == {}


def test_foreign_images_are_not_found(store: Deployment) -> None:
    store.answer_to("upload/raw")

    answer = store.call(from_owner(event("delete/batch"), "bob"), function="delete")

    assert (answer.json["successful"], codes(answer)[IMAGE_ID]) == ([], "image_not_found")
    assert store.answer_to("retrieve/image").json["status"] == "ready"


def test_a_group_is_deleted_page_by_page(store: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thrice 5 images: what was just stored is in the group at once, and every page holds as many as one may."""
    monkeypatch.setattr(members, "MAX_MEMBERS", 10)
    for _ in range(5):
        store.call(with_items(*[items_of("upload/batch")[0]] * 3), function="upload")
    first = store.answer_to("delete/batch-group")
    cursor = first.json["next_cursor"]
    onward = event("delete/batch-group") | {"body": json.dumps({"group": "session:s1", "cursor": cursor})}

    second = store.call(onward, function="delete")

    assert (len(first.json["successful"]), len(second.json["successful"])) == (10, 5)
    assert (first.json["failed"], second.json["failed"], second.json["next_cursor"]) == ([], [], None)
    assert store.answer_to("list/newest").json["items"] == []


def test_the_cursor_of_another_users_group_is_refused(store: Deployment) -> None:
    late = Context(remaining=timedelta(seconds=4))
    store.answer_to("upload/raw")
    cursor = store.call(event("delete/batch-group"), function="delete", context=late).json["next_cursor"]
    onward = event("delete/batch-group") | {"body": json.dumps({"group": "session:s1", "cursor": cursor})}

    assert_refused(store.call(from_owner(onward, "bob"), function="delete"), 400, "invalid_cursor")
    assert store.call(onward, function="delete").json["successful"] == [IMAGE_ID]


@pytest.mark.parametrize(
    "name",
    [
        "delete/batch-ids-and-group",
        "delete/batch-of-nothing",
        "delete/batch-ids-with-cursor",
        "delete/batch-of-101",
    ],
)
def test_what_is_to_be_deleted_is_said_in_one_way(store: Deployment, name: str) -> None:
    assert_refused(store.answer_to(name), 400, "invalid_request")


def test_a_forged_cursor_is_refused(store: Deployment) -> None:
    assert_refused(store.answer_to("delete/batch-forged-cursor"), 400, "invalid_cursor")


def test_a_date_that_only_admins_may_give_is_refused_for_its_item_alone(store: Deployment) -> None:
    sent = event("upload/batch")
    body = json.loads(sent["body"])
    body["items"][0]["created_at"] = "2009-08-07T06:05:04Z"

    answer = store.call(sent | {"body": json.dumps(body)}, function="upload")

    ((index, code),) = [(each["index"], each["error"]["code"]) for each in answer.json["failed"]]
    assert (index, code, len(answer.json["successful"])) == (0, "admin_required", 1)
