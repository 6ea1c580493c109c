"""Queues: work to be done behind a request, news of dropped objects, and what can never succeed.

SQS's own redrive carries no reason, so what is given up is sent to the dead-letter queue by ourselves.
"""

import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.ingest import DroppedObject
from image_store.domain.work import Work
from image_store.ports.images import IngestEvents
from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue

_MAX_REASON_CHARS = 256
_BATCH_MESSAGES = 10
_BATCH_BYTES = 256 * 1024
"""What a batch may hold in every region; SQS has raised it to 1 MiB since."""
_BATCH_TRIES = 2
_log = logging.getLogger("image_store.queues")
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


class SqsWorkQueue(WorkQueue):
    """WorkQueue on one SQS queue; the client is made at the first call.

    A message is the work as JSON: its kind under `work`, its fields beside it.
    """

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        seconds = {"DelaySeconds": math.ceil(delay.total_seconds())} if delay else {}
        with _translate_errors():
            self._client().send_message(QueueUrl=self._queue_url, MessageBody=_body(work), **seconds)

    def send_all(self, works: Sequence[Work]) -> Sequence[Work]:
        left = {str(number): _body(work) for number, work in enumerate(works)}
        try:
            for _ in range(_BATCH_TRIES):
                # A batch is taken in part: some of its messages may be refused, with a fault of SQS's own or of ours.
                for batch in list(_batches(left)):
                    for name in self._taken(batch):
                        del left[name]
        except StorageUnavailable:
            # Those that are left were not taken, or their answer is lost.
            _log.warning("the queue did not take all messages", extra={"left": len(left)}, exc_info=True)
        else:
            if left:
                _log.warning("the queue did not take all messages", extra={"left": len(left)})
        return [works[int(name)] for name in left]

    def _taken(self, batch: Mapping[str, str]) -> list[str]:
        entries = [{"Id": name, "MessageBody": body} for name, body in batch.items()]
        with _translate_errors():
            answer = self._client().send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        return [sent["Id"] for sent in answer.get("Successful", ())]


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
        with _translate_errors():
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
        with _translate_errors():
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
        with _translate_errors():
            answer = self._client().get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=[name])
        return int(answer["Attributes"][name])


def _body(work: Work) -> str:
    return json.dumps({"work": type(work).__name__, **asdict(work)})


def _batches(messages: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Messages by name in batches that SQS takes."""
    batch: dict[str, str] = {}
    size = 0
    for name, body in messages.items():
        length = len(body.encode())
        if len(batch) == _BATCH_MESSAGES or (batch and size + length > _BATCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[name] = body
        size += length
    if batch:
        yield batch


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        raise StorageUnavailable(
            "The queue did not answer as it should; try again.", retry_after=timedelta(seconds=1)
        ) from exc
