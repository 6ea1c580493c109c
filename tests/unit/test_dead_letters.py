"""What is sent to the queues."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from image_store.adapters.sqs import SqsDeadLetters, SqsWorkQueue
from image_store.domain.errors import StorageUnavailable
from image_store.domain.work import CompleteUpload
from image_store.entrypoints.work import work_of

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


def test_a_queue_that_does_not_answer_may_be_asked_again() -> None:
    class Unreachable:
        def send_message(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url=URL)

    with pytest.raises(StorageUnavailable) as letters:
        SqsDeadLetters(URL, client=Unreachable).send("the message", reason="invalid_image")
    with pytest.raises(StorageUnavailable) as work:
        SqsWorkQueue(URL, client=Unreachable).send(CompleteUpload("an id"))

    assert letters.value.retry_after is not None
    assert work.value.retry_after is not None
