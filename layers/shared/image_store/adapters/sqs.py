"""Queues: work to be done behind a request, news of dropped objects, and what can never succeed.

SQS's own redrive carries no reason, so what is given up is sent to the dead-letter queue by ourselves.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import StorageUnavailable
from image_store.domain.ingest import DroppedObject
from image_store.domain.work import Work
from image_store.ports.ingest import IngestEvents
from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue

_MAX_REASON_CHARS = 256
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


class SqsWorkQueue(WorkQueue):
    """WorkQueue on one SQS queue; the client is made at the first call.

    A message is the work as JSON: its kind under `work`, its fields beside it.
    """

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        body = json.dumps({"work": type(work).__name__, **asdict(work)})
        seconds = {"DelaySeconds": math.ceil(delay.total_seconds())} if delay else {}
        with _answers():
            self._client().send_message(QueueUrl=self._queue_url, MessageBody=body, **seconds)


class SqsIngestEvents(IngestEvents):
    """IngestEvents on the queue that the ingest bucket's own events come through; the client is made at the first call.

    A message has the form of an S3 event, with what its reader needs.
    """

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def announce(self, dropped: DroppedObject) -> None:
        version = {} if dropped.version is None else {"versionId": dropped.version}
        stored = {"key": quote_plus(dropped.key, safe="/"), "size": dropped.size_bytes, **version}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": dropped.bucket}, "object": stored},
        }
        with _answers():
            self._client().send_message(
                QueueUrl=self._queue_url, MessageBody=json.dumps({"Records": [record]})
            )


class SqsDeadLetters(DeadLetters):
    """DeadLetters on one SQS queue; the client is made at the first call."""

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, body: str, *, reason: str) -> None:
        # An attribute's value may not be empty.
        value = _NOT_PRINTABLE_ASCII.sub("?", reason)[:_MAX_REASON_CHARS] or "unknown"
        with _answers():
            self._client().send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                MessageAttributes={"reason": {"DataType": "String", "StringValue": value}},
            )


class SqsQueueDepth(QueueDepth):
    """QueueDepth of one SQS queue; the client is made at the first call."""

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def waiting(self) -> int:
        name = "ApproximateNumberOfMessages"
        with _answers():
            answer = self._client().get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=[name])
        return int(answer["Attributes"][name])


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        raise StorageUnavailable(
            "The queue did not answer as it should; try again.", retry_after=timedelta(seconds=1)
        ) from exc
