"""Queues on SQS: work, ingest events, dead letters, and the depth of a queue.

SQS's own redrive carries no reason, so the store itself sends messages that can never succeed to the dead-letter queue.
"""

import json
import logging
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.ingest import DroppedObject
from image_store.domain.work import DeliverWebhook, Work
from image_store.ports.images import IngestEvents
from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue
from image_store.ports.webhooks import DeliveryQueue

_MAX_REASON_CHARS = 256
_BATCH_MESSAGES = 10
_BATCH_BYTES = 256 * 1024
"""The limit of a batch in every region; SQS has raised it to 1 MiB in some."""
_BATCH_TRIES = 2
_log = logging.getLogger("image_store.queues")
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


class SqsWorkQueue(WorkQueue):
    """WorkQueue on one SQS queue; the client is created at the first call.

    A message is the work as JSON: its kind in `work`, and its fields.
    """

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        with _translate_errors():
            self._client().send_message(QueueUrl=self._queue_url, MessageBody=_body(work), **_waiting(delay))

    def send_all(self, works: Sequence[Work], *, delay: timedelta = timedelta(0)) -> Sequence[Work]:
        unsent = {str(number): _body(work) for number, work in enumerate(works)}
        waiting = _waiting(delay)
        try:
            for _ in range(_BATCH_TRIES):
                # SQS may accept only some messages of a batch, because of its own fault or of the sender's.
                for batch in list(_batches(unsent)):
                    for name in self._send_batch(batch, waiting):
                        del unsent[name]
        except StorageUnavailable:
            # These messages were not accepted, or the response was lost.
            _log.warning("the queue did not accept all messages", extra={"left": len(unsent)}, exc_info=True)
        else:
            if unsent:
                _log.warning("the queue did not accept all messages", extra={"left": len(unsent)})
        return [works[int(name)] for name in unsent]

    def _send_batch(self, batch: Mapping[str, str], waiting: Mapping[str, int]) -> list[str]:
        """Send a batch, and name the messages that SQS accepted."""
        entries = [{"Id": name, "MessageBody": body, **waiting} for name, body in batch.items()]
        with _translate_errors():
            response = self._client().send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        return [sent["Id"] for sent in response.get("Successful", ())]


class SqsDeliveryQueue(DeliveryQueue):
    """DeliveryQueue on one SQS queue; the client is created at the first call."""

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue = SqsWorkQueue(queue_url, client=client)

    def wake(self, webhook_ids: Collection[str], *, delay: timedelta = timedelta(0)) -> None:
        if self._queue.send_all([DeliverWebhook(each) for each in sorted(webhook_ids)], delay=delay):
            raise _failed()


class SqsIngestEvents(IngestEvents):
    """IngestEvents on the queue of the ingest bucket's own events; the client is created at the first call.

    A message has the form of an S3 event, with the fields that its consumer needs.
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
    """DeadLetters on one SQS queue; the client is created at the first call."""

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, body: str, *, reason: str) -> None:
        # The value of an attribute must not be empty.
        value = _NOT_PRINTABLE_ASCII.sub("?", reason)[:_MAX_REASON_CHARS] or "unknown"
        with _translate_errors():
            self._client().send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                MessageAttributes={"reason": {"DataType": "String", "StringValue": value}},
            )


class SqsQueueDepth(QueueDepth):
    """QueueDepth of one SQS queue; the client is created at the first call."""

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def waiting(self) -> int:
        name = "ApproximateNumberOfMessages"
        with _translate_errors():
            response = self._client().get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=[name])
        return int(response["Attributes"][name])


def _body(work: Work) -> str:
    return json.dumps({"work": type(work).__name__, **asdict(work)})


def _waiting(delay: timedelta) -> dict[str, int]:
    """The field that keeps a message back; SQS knows whole seconds."""
    return {"DelaySeconds": math.ceil(delay.total_seconds())} if delay else {}


def _batches(messages: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Divide messages into batches that SQS accepts."""
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
        raise _failed() from exc


def _failed() -> StorageUnavailable:
    return StorageUnavailable("The queue failed; try again.", retry_after=timedelta(seconds=1))
