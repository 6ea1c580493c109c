"""S3 events behind SQS: each message stands for itself (A15)."""

import json
from typing import Any

import pytest

from image_store.domain.errors import (
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    IdempotencyInProgress,
    ImageStoreError,
    InvalidImage,
    InvalidRequest,
    StorageUnavailable,
)
from image_store.domain.images.ingest import DroppedObject
from image_store.entrypoints.images.ingest_events import dropped_objects, handle_messages
from tests.fakes.queues import MemoryDeadLetters

NOT_EVENTS = [
    "",
    "text",
    "[]",
    "null",
    "7",
    '{"Records": 7}',
    '{"Records": [7]}',
    '{"Records": [{}]}',
    '{"Records": [{"eventName": 7}]}',
    '{"Records": [{"eventName": "ObjectCreated:Put"}]}',
    '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {}, "object": {"key": "k"}}}]}',
]


def announced(key: str, *, name: str = "ObjectCreated:Put", **fields: Any) -> dict[str, Any]:
    return {"eventName": name, "s3": {"bucket": {"name": "bucket"}, "object": {"key": key} | fields}}


def body(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": records})


def nothing(_: DroppedObject) -> None:
    """Remember no refusal."""


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": text} for number, text in enumerate(bodies)]}


def failed(*names: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def test_keys_are_decoded_as_forms_are() -> None:
    text = body(announced("ingest/a/%D0%93+%2B%2525.png", versionId="v1", size=7))

    (dropped,) = dropped_objects(text)

    assert dropped == DroppedObject("bucket", "ingest/a/Г +%25.png", "v1", 7)


def test_a_bucket_without_versions_announces_none() -> None:
    (dropped,) = dropped_objects(body(announced("k")))

    assert (dropped.version, dropped.size_bytes) == (None, 0)


def test_only_created_objects_count_however_they_were_created() -> None:
    names = [
        "ObjectCreated:Put",
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectRemoved:Delete",
        "ObjectTagging:Put",
    ]
    text = body(*(announced(name, name=name) for name in names))

    keys = [dropped.key for dropped in dropped_objects(text)]

    assert keys == names[:2]


def test_the_test_event_of_s3_announces_nothing() -> None:
    assert list(dropped_objects('{"Service": "Amazon S3", "Event": "s3:TestEvent"}')) == []


@pytest.mark.parametrize("text", NOT_EVENTS)
def test_what_is_not_an_event_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        list(dropped_objects(text))


@pytest.mark.parametrize(
    "error",
    [
        StorageUnavailable("away"),
        DeadlineExceeded("late"),
        Conflict("another was first"),
        IdempotencyInProgress("running"),
        ConfigurationError("not set"),
        RuntimeError("a fault of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_only_what_may_succeed_later_is_delivered_again(error: Exception) -> None:
    letters, done = MemoryDeadLetters(), []

    def ingest(dropped: DroppedObject) -> None:
        if dropped.key == "bad":
            raise error
        done.append(dropped.key)

    bodies = [body(announced(key)) for key in ("first", "bad", "last")]
    answer = handle_messages(batch(*bodies), ingest=ingest, refuse=nothing, set_aside=letters.send)

    assert answer == failed("m1")
    assert done == ["first", "last"]
    assert letters.letters == []


def test_what_can_never_succeed_is_a_dead_letter_and_done() -> None:
    letters = MemoryDeadLetters()

    def ingest(_: DroppedObject) -> None:
        raise InvalidImage("It ends too early.")

    answer = handle_messages(
        batch(body(announced("k")), "text"), ingest=ingest, refuse=nothing, set_aside=letters.send
    )

    assert answer == failed()
    assert letters.letters == [(body(announced("k")), "invalid_image"), ("text", "invalid_request")]


@pytest.mark.parametrize("error", [StorageUnavailable("away"), RuntimeError("a fault of ours")])
def test_a_dead_letter_that_cannot_be_sent_is_delivered_again_and_does_not_affect_others(
    error: Exception,
) -> None:
    class Away(MemoryDeadLetters):
        def send(self, body: str, *, reason: str) -> None:
            raise error

    done: list[str] = []
    sent = batch("text", body(announced("good")))

    answer = handle_messages(
        sent, ingest=lambda dropped: done.append(dropped.key), refuse=nothing, set_aside=Away().send
    )

    assert answer == failed("m0")
    assert done == ["good"]


def test_the_log_names_the_message_and_not_its_content(capsys: pytest.CaptureFixture[str]) -> None:
    def ingest(_: DroppedObject) -> None:
        raise ImageStoreError("refused")

    handle_messages(
        batch(body(announced("ingest/alice/secret-plans.png"))),
        ingest=ingest,
        refuse=nothing,
        set_aside=MemoryDeadLetters().send,
    )

    assert "secret-plans" not in capsys.readouterr().out


def test_what_is_refused_is_remembered_before_it_is_a_dead_letter() -> None:
    """A15."""
    done: list[str] = []

    class Letters(MemoryDeadLetters):
        def send(self, body: str, *, reason: str) -> None:
            done.append(reason)

    def ingest(_: DroppedObject) -> None:
        raise InvalidImage("It ends too early.")

    handle_messages(
        batch(body(announced("k"))),
        ingest=ingest,
        refuse=lambda dropped: done.append(dropped.key),
        set_aside=Letters().send,
    )

    assert done == ["k", "invalid_image"]


def test_a_refusal_that_cannot_be_remembered_is_delivered_again() -> None:
    letters = MemoryDeadLetters()

    def ingest(_: DroppedObject) -> None:
        raise InvalidImage("It ends too early.")

    def refuse(_: DroppedObject) -> None:
        raise StorageUnavailable("away")

    answer = handle_messages(
        batch(body(announced("k"))), ingest=ingest, refuse=refuse, set_aside=letters.send
    )

    assert answer == failed("m0")
    assert letters.letters == []


def test_each_object_of_a_message_is_ingested_whatever_happens_to_the_others() -> None:
    done: list[str] = []
    letters = MemoryDeadLetters()

    def ingest(dropped: DroppedObject) -> None:
        if dropped.key == "poison":
            raise InvalidImage("It ends too early.")
        done.append(dropped.key)

    sent = body(announced("a"), announced("poison"), announced("b"))
    answer = handle_messages(batch(sent), ingest=ingest, refuse=nothing, set_aside=letters.send)

    assert answer == failed()
    assert done == ["a", "b"]
    assert letters.letters == [(sent, "invalid_image")]


def test_a_message_that_may_still_succeed_in_part_is_not_a_dead_letter_yet() -> None:
    letters = MemoryDeadLetters()

    def ingest(dropped: DroppedObject) -> None:
        raise InvalidImage("No.") if dropped.key == "poison" else StorageUnavailable("away")

    sent = batch(body(announced("poison"), announced("a")))
    answer = handle_messages(sent, ingest=ingest, refuse=nothing, set_aside=letters.send)

    assert answer == failed("m0")
    assert letters.letters == []
