"""Objects dropped into the ingest bucket: what becomes of each, whatever happens to its event (A15)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.environment import changed_environment, function_name
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.e2e.conftest import Stack

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.2


def eventually[T](look: Callable[[], T], is_done: Callable[[T], bool]) -> T:
    """Look until what is seen is what is wanted; answer the last look."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_done(seen := look()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    assert is_done(seen), seen
    return seen


def cards(client: httpx.Client) -> list[dict[str, Any]]:
    """Answer the owner's images."""
    items: list[dict[str, Any]] = client.get("/v1/images").json()["items"]
    return items


def drop(stack: Stack, key: str, data: bytes) -> str:
    """Drop an object and answer its version."""
    bucket = stack.described["ingest_bucket"]
    return str(stack.client("s3").put_object(Bucket=bucket, Key=key, Body=data)["VersionId"])


def event_of(stack: Stack, key: str, version: str) -> str:
    """Answer the message that announces an object."""
    stored = {"key": key, "size": 1, "versionId": version}
    bucket = {"name": stack.described["ingest_bucket"]}
    return json.dumps(
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": bucket, "object": stored}}]}
    )


def queue_url(stack: Stack, output: str) -> str:
    """Answer the address of a queue by the stack's output."""
    described = stack.client("cloudformation").describe_stacks(StackName=stack.described["stack_name"])
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0]["Outputs"]}
    return str(outputs[output])


def send(stack: Stack, body: str) -> None:
    """Put a message into the ingest queue."""
    stack.client("sqs").send_message(QueueUrl=queue_url(stack, "IngestQueueUrl"), MessageBody=body)


def wait_until_idle(stack: Stack) -> None:
    """Wait until every message of the ingest queue is done."""
    queues, url = stack.client("sqs"), queue_url(stack, "IngestQueueUrl")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> int:
        told_of = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(number) for number in told_of.values())

    eventually(left, lambda number: number == 0)


def dead_letters(stack: Stack) -> list[dict[str, Any]]:
    """Take what lies in the dead-letter queue."""
    queues, url = stack.client("sqs"), queue_url(stack, "DeadLetterQueueUrl")
    received = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    letters: list[dict[str, Any]] = received.get("Messages", [])
    for letter in letters:
        queues.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
    return letters


@pytest.fixture(autouse=True)
def no_dead_letters(stack: Stack) -> None:
    """What earlier tests left is gone."""
    while dead_letters(stack):
        pass


def test_each_version_of_a_key_becomes_an_image_whatever_the_order_of_its_events(stack: Stack) -> None:
    key = "ingest/ingest-versions/a.jpg"
    versions = [drop(stack, key, jpeg(64 + number, 48)) for number in range(3)]
    with stack.http("ingest-versions") as client:
        eventually(lambda: cards(client), lambda state: len(state) == 3)

        for version in reversed(versions):
            send(stack, event_of(stack, key, version))
        wait_until_idle(stack)

        assert sorted(card["width"] for card in cards(client)) == [64, 65, 66]
    assert dead_letters(stack) == []


def test_an_object_whose_image_was_deleted_since_is_not_stored_again(stack: Stack) -> None:
    key = "ingest/ingest-deleted/a.jpg"
    version = drop(stack, key, jpeg(64, 48))
    with stack.http("ingest-deleted") as client:
        (card,) = eventually(lambda: cards(client), bool)
        client.delete(f"/v1/images/{card['id']}", params={"permanent": "true"})

        send(stack, event_of(stack, key, version))
        wait_until_idle(stack)

        assert cards(client) == []
    assert dead_letters(stack) == []


def test_an_object_that_is_gone_is_skipped_without_a_dead_letter(stack: Stack) -> None:
    send(stack, event_of(stack, "ingest/ingest-gone/a.jpg", "no-version"))
    wait_until_idle(stack)

    with stack.http("ingest-gone") as client:
        assert cards(client) == []
    assert dead_letters(stack) == []


def test_what_cannot_be_ingested_is_a_dead_letter_that_can_be_moved_back_once_it_is_mended(
    stack: Stack,
) -> None:
    key = "ingest/ingest-poison/a.jpg"
    with stack.http("ingest-poison") as client:
        with changed_environment(stack, "ingest", MAX_PIXELS="100"):
            drop(stack, key, jpeg(64, 48))
            (letter,) = eventually(lambda: dead_letters(stack), bool)
        assert letter["MessageAttributes"]["reason"]["StringValue"] == "image_too_large"
        assert json.loads(letter["Body"])["Records"][0]["s3"]["object"]["key"] == key
        assert cards(client) == []

        send(stack, letter["Body"])

        (card,) = eventually(lambda: cards(client), bool)
        assert (card["filename"], card["width"]) == ("a.jpg", 64)


def test_the_cleanup_goes_through_the_ingest_bucket(stack: Stack) -> None:
    drop(stack, "ingest/ingest-sweep/a.jpg", jpeg(64, 48))

    answer = stack.client("lambda").invoke(FunctionName=function_name(stack, "cleanup"), Payload=b"{}")

    assert "FunctionError" not in answer
    lines = stack.state.log.read_text().splitlines()
    reports = [line for line in lines if '"ingest sweep"' in line]
    assert reports
    assert "storage_unavailable" not in reports[-1]
