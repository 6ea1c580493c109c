"""What is sent to the queues."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from image_store.adapters.sqs import SqsDeadLetters, SqsWorkQueue
from image_store.domain.errors import StorageUnavailable
from image_store.domain.work import CompleteUpload, GenerateImage
from image_store.entrypoints.work import work_of
from tests.fakes.sqs_client import MemorySqs

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/queue"
SENT = {"MessageId": "00000001-0000-4000-8000-000000000000"}


class NotingClient:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **request: Any) -> dict[str, str]:
        self.sent.append(request)
        return SENT


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("invalid_image", "invalid_image"),
        ("", "unknown"),
        ("two\nlines: é", "two?lines: ?"),
        ("x" * 300, "x" * 256),
    ],
)
def test_a_dead_letter_is_the_message_with_its_reason_as_an_attribute(reason: str, value: str) -> None:
    client = boto3.client("sqs", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    expected = {
        "QueueUrl": URL,
        "MessageBody": "the message",
        "MessageAttributes": {"reason": {"DataType": "String", "StringValue": value}},
    }
    with Stubber(client) as stub:
        stub.add_response("send_message", SENT, expected)

        SqsDeadLetters(URL, client=lambda: client).send("the message", reason=reason)

        stub.assert_no_pending_responses()


def test_work_is_read_as_it_was_sent() -> None:
    client, work = NotingClient(), CompleteUpload("019ca945-0a00-7000-8000-000000000001")

    SqsWorkQueue(URL, client=lambda: client).send(work)

    (message,) = client.sent
    assert message["QueueUrl"] == URL
    assert json.loads(message["MessageBody"])["work"] == "CompleteUpload"
    assert work_of(message["MessageBody"]) == work


def works(count: int) -> list[GenerateImage]:
    return [GenerateImage("019ca945-0a00-7000-8000-000000000001", index) for index in range(count)]


def test_work_is_sent_in_batches_of_ten() -> None:
    sqs = NotingBatches()

    left = SqsWorkQueue(URL, client=lambda: sqs).send_all(works(25))

    assert left == []
    assert [len(entries) for entries in sqs.batches] == [10, 10, 5]
    assert [work_of(message["body"]) for message in sqs.waiting[URL]] == works(25)


def test_a_batch_stays_within_the_limit_of_sqs() -> None:
    sqs, long = NotingBatches(), [CompleteUpload("x" * 100_000) for _ in range(5)]

    SqsWorkQueue(URL, client=lambda: sqs).send_all(long)

    assert [len(entries) for entries in sqs.batches] == [2, 2, 1]


def test_refused_messages_are_sent_again_once_and_then_returned() -> None:
    sqs = NotingBatches()
    sqs.takes = [10, 3, 4, 1]

    left = SqsWorkQueue(URL, client=lambda: sqs).send_all(works(25))

    # 7 of the second ten and 1 of the last five were left, and of these 1 was taken.
    assert [len(entries) for entries in sqs.batches] == [10, 10, 5, 8]
    assert left == [*works(25)[14:20], works(25)[24]]


def test_an_unavailable_queue_accepts_nothing() -> None:
    class Away(NotingBatches):
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            if self.batches:
                raise EndpointConnectionError(endpoint_url=URL)
            return super().send_message_batch(**request)

    sqs = Away()

    assert SqsWorkQueue(URL, client=lambda: sqs).send_all(works(25)) == works(25)[10:]


class NotingBatches(MemorySqs):
    """Keeps the batches that it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[dict[str, Any]]] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.batches.append(request["Entries"])
        return super().send_message_batch(**request)


def test_a_failure_of_a_queue_can_be_retried() -> None:
    class Unreachable:
        def send_message(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url=URL)

    with pytest.raises(StorageUnavailable) as letters:
        SqsDeadLetters(URL, client=Unreachable).send("the message", reason="invalid_image")
    with pytest.raises(StorageUnavailable) as work:
        SqsWorkQueue(URL, client=Unreachable).send(CompleteUpload("an id"))

    assert letters.value.retry_after is not None
    assert work.value.retry_after is not None
