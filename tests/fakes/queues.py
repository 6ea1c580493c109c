"""Queues in memory."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

from image_store.domain.images.ingest import DroppedObject
from image_store.domain.work import Work
from image_store.entrypoints.work import work_of
from image_store.ports.images import IngestEvents
from image_store.ports.queues import DeadLetters, QueueDepth, WorkQueue


class MemoryWorkQueue(WorkQueue):
    """WorkQueue in memory; `waiting` is what was sent, `delays` is how long each of it has to wait.

    `sent` counts all messages, those that were taken out of `waiting` among them.
    """

    def __init__(self) -> None:
        self.waiting: list[Work] = []
        self.delays: list[timedelta] = []
        self.sent = 0

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        self.sent += 1
        self.waiting.append(work)
        self.delays.append(delay)

    def send_all(self, works: Sequence[Work]) -> Sequence[Work]:
        for work in works:
            self.send(work)
        return ()

    def clear(self) -> None:
        """Lose every message that waits."""
        self.waiting.clear()
        self.delays.clear()


class MemoryIngestEvents(IngestEvents):
    """IngestEvents in memory; `announced` is what was told."""

    def __init__(self) -> None:
        self.announced: list[DroppedObject] = []

    def announce(self, dropped: DroppedObject) -> None:
        self.announced.append(dropped)


class MemoryDeadLetters(DeadLetters):
    """DeadLetters in memory: bodies with their reasons."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []

    def send(self, body: str, *, reason: str) -> None:
        self.letters.append((body, reason))


class QueuesClient:
    """A client of SQS in front of queues in memory, by the last part of their URLs: for adapters that are to run."""

    def __init__(
        self,
        *,
        works: Mapping[str, WorkQueue],
        dead_letters: Mapping[str, DeadLetters],
        events: Mapping[str, IngestEvents],
        depth: Callable[[str], QueueDepth],
    ) -> None:
        self._works = works
        self._dead_letters = dead_letters
        self._events = events
        self._depth = depth

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as boto3 has them
        MessageBody: str,  # noqa: N803
        MessageAttributes: Mapping[str, Any] | None = None,  # noqa: N803
        DelaySeconds: int = 0,  # noqa: N803
    ) -> dict[str, str]:
        queue = QueueUrl.rpartition("/")[2]
        if queue in self._works:
            self._works[queue].send(work_of(MessageBody), delay=timedelta(seconds=DelaySeconds))
        elif queue in self._dead_letters:
            assert MessageAttributes is not None
            self._dead_letters[queue].send(MessageBody, reason=MessageAttributes["reason"]["StringValue"])
        else:
            for record in json.loads(MessageBody)["Records"]:
                s3_object = record["s3"]["object"]
                dropped = DroppedObject(
                    record["s3"]["bucket"]["name"],
                    unquote_plus(s3_object["key"]),
                    s3_object.get("versionId"),
                    s3_object["size"],
                )
                self._events[queue].announce(dropped)
        return {"MessageId": "m"}

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as boto3 has them
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        for entry in Entries:
            self.send_message(
                QueueUrl=QueueUrl,
                MessageBody=entry["MessageBody"],
                DelaySeconds=entry.get("DelaySeconds", 0),
            )
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def get_queue_attributes(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as boto3 has them
        AttributeNames: Sequence[str],  # noqa: N803
    ) -> dict[str, Any]:
        (name,) = AttributeNames
        return {"Attributes": {name: str(self._depth(QueueUrl.rpartition("/")[2]).waiting())}}
