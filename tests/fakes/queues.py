"""Queues in memory."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from image_store.domain.ingest import DroppedObject
from image_store.domain.work import Work
from image_store.ports import DeadLetters, IngestEvents, WorkQueue


class MemoryWorkQueue(WorkQueue):
    """WorkQueue in memory; `waiting` is what was sent."""

    def __init__(self) -> None:
        self.waiting: list[Work] = []

    def send(self, work: Work) -> None:
        self.waiting.append(work)


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


class MemorySqs:
    """A client of SQS in memory; `waiting` holds the messages of each queue as a function is handed them."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._sent = 0

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - the name is SQS's
        MessageBody: str,  # noqa: N803 - as above
        MessageAttributes: dict[str, Any] | None = None,  # noqa: N803 - as above
    ) -> dict[str, Any]:
        self._sent += 1
        message = {"messageId": f"m{self._sent}", "body": MessageBody, "attributes": MessageAttributes or {}}
        self.waiting[QueueUrl].append(message)
        return {"MessageId": message["messageId"]}

    def invoke(self, queue: str, function: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
        """Hand all that waits to a function, and answer how many messages it leaves to be delivered again."""
        handed = list(self.waiting[queue])
        failures = function({"Records": handed})["batchItemFailures"] if handed else []
        again = {failure["itemIdentifier"] for failure in failures}
        self.waiting[queue] = [
            message
            for message in self.waiting[queue]
            if message not in handed or message["messageId"] in again
        ]
        return len(again)
