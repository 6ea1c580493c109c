"""The function that changes what is said about an image, and who may see it (C5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.functions.deployment import CDN, Deployment, assert_refused, event, with_bytes

REFUSED = {
    "update/of-stale-version": (412, "precondition_failed"),
    "update/of-no-version": (412, "precondition_failed"),
    "update/of-somebody-else": (404, "image_not_found"),
    "update/unknown-field": (400, "invalid_request"),
    "update/wrong-values": (400, "invalid_request"),
    "update/broken-json": (400, "invalid_request"),
    "update/wrong-content-type": (415, "unsupported_media_type"),
    "update/no-subject": (401, "invalid_token"),
}


@pytest.fixture(autouse=True)
def stored(store: Deployment) -> None:
    store.answer_to("upload/raw")
    store.set_clock.instant += timedelta(minutes=1)


def test_a_patch_changes_what_it_names_and_nothing_else(store: Deployment) -> None:
    before = store.answer_to("retrieve/image").json

    answer = store.answer_to("update/details")

    changed = answer.json
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    assert {name for name in before if before[name] != changed[name]} == {
        "title",
        "alt_text",
        "alt_text_source",
        "tags",
        "rating",
        "groups",
        "metadata",
        "updated_at",
    }
    assert (changed["title"], changed["tags"], changed["rating"]) == (
        "Quatre carrés — 四つの四角",
        ["squares"],
        5,
    )
    assert (changed["groups"], changed["metadata"]) == ({"post": ["p1"]}, {"mood": {"calm": True}})
    assert store.answer_to("retrieve/image").json == changed


def test_null_takes_away(store: Deployment) -> None:
    """RFC 7396: null removes a member."""
    store.answer_to("update/details")

    image = store.answer_to("update/cleared").json

    assert (image["title"], image["alt_text"], image["alt_text_source"]) == (None, None, "none")
    assert (image["tags"], image["rating"], image["groups"], image["metadata"]) == ([], None, {}, {})


def test_publishing_puts_copies_on_the_cdn_and_names_the_link(store: Deployment) -> None:
    """A8, A9."""
    answer = store.answer_to("update/published")

    urls = {rendition["url"] for rendition in answer.json["renditions"].values()}
    assert urls == {f"{CDN}/{key}" for key in store.public_bucket.objects}
    assert len(urls) == 2
    assert answer.json["public_url"] is not None


def test_an_image_made_private_again_leaves_no_copy_and_no_link(store: Deployment) -> None:
    """A8: the link dies."""
    store.answer_to("update/published")

    answer = store.answer_to("update/made-private")

    assert (answer.json["visibility"], answer.json["public_url"]) == ("private", None)
    assert not store.public_bucket.objects


def test_the_current_version_may_be_changed(store: Deployment) -> None:
    answer = store.answer_to("update/of-current-version")

    assert (answer.status, answer.json["title"]) == (200, "Second")


def test_of_two_changes_to_one_version_the_second_is_refused(store: Deployment) -> None:
    """C5: optimistic concurrency."""
    store.answer_to("update/of-current-version")

    answer = store.answer_to("update/of-current-version")

    assert_refused(answer, 412, "precondition_failed")


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_change_is_refused_and_changes_nothing(store: Deployment, name: str) -> None:
    before = store.contents()

    answer = store.answer_to(name)

    assert_refused(answer, *REFUSED[name])
    assert store.contents() == before


def test_each_wrong_value_is_named(store: Deployment) -> None:
    """F5."""
    answer = store.answer_to("update/wrong-values")

    assert {tuple(fault["loc"]) for fault in answer.json["errors"]} == {("body", "rating"), ("body", "title")}


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"title"', b'{"title": NaN}', b'{"title": "\\ud800"}', b"\xff{}"]
)
def test_a_body_that_is_not_a_patch_is_refused(store: Deployment, body: bytes) -> None:
    before = store.contents()

    answer = store.call(with_bytes(event("update/details"), body), function="update")

    assert_refused(answer, 400, "invalid_request")
    assert store.contents() == before


def test_a_patch_that_says_what_is_so_already_keeps_the_version(store: Deployment) -> None:
    first, again = store.answer_to("update/details"), store.answer_to("update/details")

    assert first.headers["ETag"] == again.headers["ETag"] == '"3"'


def test_a_trashed_image_cannot_be_changed(store: Deployment) -> None:
    """D4."""
    store.answer_to("delete/trash")
    before = store.contents()

    answer = store.answer_to("update/details")

    assert_refused(answer, 404, "image_not_found")
    assert store.contents() == before
