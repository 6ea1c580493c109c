"""The function that turns dropped objects into images (A15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.deployment import Context, Deployment, event, from_owner, sent_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURE = sent_bytes("upload/raw")
ALL_DONE: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}

REFUSED = {
    "ingest/not-json": "invalid_request",
    "ingest/not-an-s3-event": "invalid_request",
    "ingest/owner-missing": "invalid_request",
    "ingest/too-large": "payload_too_large",
}
NOTHING_TO_DO = ["ingest/test-event", "ingest/removed-object"]


def drop(store: Deployment, key: str, data: bytes = PICTURE) -> None:
    store.dropped.put(key, data, content_type="image/png", cache_control="", metadata={})


def images_of(store: Deployment, owner: str) -> list[dict[str, Any]]:
    answer = store.call(from_owner(event("list/newest"), owner), function="list")
    cards: list[dict[str, Any]] = answer.json["items"]
    return cards


def message_ids(name: str) -> list[str]:
    return [message["messageId"] for message in event(name)["Records"]]


def test_a_dropped_object_becomes_a_private_image_of_the_owner_in_its_key(store: Deployment) -> None:
    drop(store, "ingest/alice/squares.png")

    answer = store.invoke("ingest", event("ingest/one-object"))

    (card,) = images_of(store, "alice")
    assert answer == ALL_DONE
    assert (card["filename"], card["visibility"]) == ("squares.png", "private")
    assert not store.noted.letters


def test_an_object_of_more_bytes_than_the_deployment_accepts_is_given_up(
    deployed: Callable[..., Deployment],
) -> None:
    """A3, A15."""
    store = deployed(MAX_BYTES=str(len(PICTURE) - 1))
    drop(store, "ingest/alice/squares.png")

    answer = store.invoke("ingest", event("ingest/one-object"))

    assert answer == ALL_DONE
    assert [letter[1] for letter in store.noted.letters] == ["payload_too_large"]


def test_owner_and_name_of_a_key_are_decoded_as_s3_encodes_them(store: Deployment) -> None:
    """S3 sends keys as form-encoded text; the owner in a key is percent-encoded by whoever drops it."""
    drop(store, "ingest/auth0%7Calice/2026/Грёза 夢.png")

    answer = store.invoke("ingest", event("ingest/encoded-key"))

    assert answer == ALL_DONE
    assert [card["filename"] for card in images_of(store, "auth0|alice")] == ["Грёза 夢.png"]


def test_an_object_announced_twice_becomes_one_image(store: Deployment) -> None:
    drop(store, "ingest/alice/squares.png")

    answers = [store.invoke("ingest", event("ingest/duplicates")) for _ in range(2)]

    assert answers == [ALL_DONE, ALL_DONE]
    assert len(images_of(store, "alice")) == 1
    assert len(store.private_bucket.objects) == 3


@pytest.mark.parametrize("name", NOTHING_TO_DO)
def test_what_announces_no_object_is_done_at_once(store: Deployment, name: str) -> None:
    drop(store, "ingest/alice/squares.png")

    answer = store.invoke("ingest", event(name))

    assert answer == ALL_DONE
    assert not store.noted.letters
    assert store.is_empty()


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_never_succeed_is_a_dead_letter_with_its_reason(store: Deployment, name: str) -> None:
    drop(store, "ingest/squares.png")
    drop(store, "ingest/alice/squares.png")

    answer = store.invoke("ingest", event(name))

    assert answer == ALL_DONE
    assert store.noted.letters == [(event(name)["Records"][0]["body"], REFUSED[name])]
    assert not images_of(store, "alice")


def test_one_bad_message_does_not_affect_others(store: Deployment) -> None:
    """Two become images, one is a dead letter, and the one whose object is gone again is done."""
    drop(store, "ingest/alice/squares.png")
    drop(store, "ingest/alice/notes.txt", b"notes")
    drop(store, "ingest/bob/squares.png")

    answer = store.invoke("ingest", event("ingest/mixed"))

    assert answer == ALL_DONE
    assert [reason for _, reason in store.noted.letters] == ["unsupported_media_type"]
    assert [card["filename"] for card in images_of(store, "alice")] == ["squares.png"]
    assert [card["filename"] for card in images_of(store, "bob")] == ["squares.png"]


def test_only_the_messages_that_may_succeed_later_are_delivered_again(store: Deployment) -> None:
    """A4: without time left nothing is begun; what is final is not tried again."""
    drop(store, "ingest/alice/squares.png")
    drop(store, "ingest/alice/notes.txt", b"notes")
    drop(store, "ingest/bob/squares.png")
    late = Context(remaining=timedelta(seconds=4))

    answer = store.invoke("ingest", event("ingest/mixed"), context=late)

    first, _, _, last = message_ids("ingest/mixed")
    assert answer == {"batchItemFailures": [{"itemIdentifier": first}, {"itemIdentifier": last}]}
    assert [reason for _, reason in store.noted.letters] == ["unsupported_media_type"]
    assert not store.private_bucket.objects


def test_a_message_that_is_delivered_again_is_stored_then(store: Deployment) -> None:
    drop(store, "ingest/alice/squares.png")
    store.invoke("ingest", event("ingest/one-object"), context=Context(remaining=timedelta(seconds=4)))

    answer = store.invoke("ingest", event("ingest/one-object"))

    assert answer == ALL_DONE
    assert len(images_of(store, "alice")) == 1


def test_other_bytes_under_a_name_that_was_ingested_are_refused_with_the_reason(store: Deployment) -> None:
    """One version of an object has one content; another content under it is not taken for the first."""
    drop(store, "ingest/alice/squares.png")
    store.invoke("ingest", event("ingest/one-object"))
    file = store.dropped.objects["ingest/alice/squares.png"]
    store.dropped.objects["ingest/alice/squares.png"] = replace(file, data=PICTURE + b" ")

    answer = store.invoke("ingest", event("ingest/one-object"))

    assert answer == ALL_DONE
    assert [reason for _, reason in store.noted.letters] == ["idempotency_mismatch"]
    assert len(images_of(store, "alice")) == 1
