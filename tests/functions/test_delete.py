"""The function that takes images away and back out of the trash (D4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functions.deployment import Deployment, assert_refused

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = {
    "delete/of-somebody-else": (404, "image_not_found"),
    "delete/restore-of-somebody-else": (404, "image_not_found"),
    "delete/unclear": (400, "invalid_request"),
    "delete/no-subject": (401, "invalid_token"),
}


@pytest.fixture(autouse=True)
def stored(store: Deployment) -> None:
    store.answer_to("upload/public")


def test_deleting_moves_to_the_trash_and_ends_the_publication(store: Deployment) -> None:
    """A8, D4: the bytes stay for a way back, public copies and link go."""
    answer = store.answer_to("delete/trash")

    assert (answer.status, answer.text) == (204, "")
    assert store.answer_to("retrieve/image").json["status"] == "trashed"
    assert len(store.private_bucket.objects) == 3
    assert not store.public_bucket.objects
    assert_refused(store.answer_to("links/display"), 404, "image_not_found")


def test_deleting_a_trashed_image_changes_nothing(store: Deployment) -> None:
    store.answer_to("delete/trash")
    before = store.contents()

    answer = store.answer_to("delete/trash")

    assert answer.status == 204
    assert store.contents() == before


def test_the_trash_says_until_when_an_image_can_be_restored(store: Deployment) -> None:
    """I3: seven days are the usual retention."""
    assert store.answer_to("retrieve/image").json["restorable_until"] is None
    store.answer_to("delete/trash")

    (card,) = store.answer_to("list/trash").json["items"]
    assert card["restorable_until"] == "2026-03-08T12:00:00.000Z"
    assert store.answer_to("retrieve/image").json["restorable_until"] == card["restorable_until"]

    assert store.answer_to("delete/restore").json["restorable_until"] is None
    assert "restorable_until" not in store.answer_to("list/newest").json["items"][0]


def test_restoring_gives_the_image_back_as_a_private_one(store: Deployment) -> None:
    store.answer_to("delete/trash")

    answer = store.answer_to("delete/restore")

    assert (answer.status, answer.json["status"]) == (200, "ready")
    assert (answer.json["visibility"], answer.json["public_url"]) == ("private", None)


def test_restoring_what_is_not_in_the_trash_answers_it_as_it_is(store: Deployment) -> None:
    before = store.contents()

    answer = store.answer_to("delete/restore")

    assert (answer.status, answer.json["visibility"]) == (200, "public")
    assert store.contents() == before


@pytest.mark.parametrize("first", [None, "delete/trash"])
def test_deleting_for_good_leaves_no_object_and_no_way_back(store: Deployment, first: str | None) -> None:
    if first is not None:
        store.answer_to(first)

    answer = store.answer_to("delete/permanent")

    assert answer.status == 204
    assert not store.private_bucket.objects
    assert not store.public_bucket.objects
    for name in ("retrieve/image", "delete/restore", "delete/permanent", "delete/trash", "links/display"):
        assert_refused(store.answer_to(name), 404, "image_not_found")


def test_without_a_trash_every_deletion_is_for_good(
    deployed: Callable[..., Deployment],
) -> None:
    store = deployed(TRASH_RETENTION_DAYS="0")
    store.answer_to("upload/raw")

    answer = store.answer_to("delete/trash")

    assert answer.status == 204
    assert not store.private_bucket.objects
    assert_refused(store.answer_to("retrieve/image"), 404, "image_not_found")


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_change_is_refused_and_changes_nothing(store: Deployment, name: str) -> None:
    before = store.contents()

    answer = store.answer_to(name)

    assert_refused(answer, *REFUSED[name])
    assert store.contents() == before
