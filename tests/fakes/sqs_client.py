"""A client of SQS in memory, with functions behind its queues."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any


class MemorySqs:
    """A client of SQS in memory; `waiting` holds the messages of each queue as a function is handed them.

    Delays are kept by nobody: when a message is handed over is for tests to say.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.takes: list[int] = []
        """How many messages each of the next batches is taken of; the others fail, by a fault of SQS's own."""
        self._sent = 0

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        MessageAttributes: dict[str, Any] | None = None,
        DelaySeconds: int = 0,
    ) -> dict[str, Any]:
        self._sent += 1
        message = {"messageId": f"m{self._sent}", "body": MessageBody, "attributes": MessageAttributes or {}}
        self.waiting[QueueUrl].append(message)
        return {"MessageId": message["messageId"]}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        names = [entry["Id"] for entry in Entries]
        assert 1 <= len(names) <= 10, "SQS takes one to ten messages at a time"
        assert len(set(names)) == len(names), "two messages of a batch have one name"
        assert sum(len(entry["MessageBody"].encode()) for entry in Entries) <= 262_144, (
            "the batch is too large"
        )
        accepted_entries = Entries[: self.takes.pop(0)] if self.takes else Entries
        sent = [
            {"Id": entry["Id"], **self.send_message(QueueUrl=QueueUrl, MessageBody=entry["MessageBody"])}
            for entry in accepted_entries
        ]
        failed = [
            {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
            for entry in Entries[len(accepted_entries) :]
        ]
        # Both are left out where they are empty, as by botocore.
        return {
            **({"Successful": sent} if sent else {}),
            **({"Failed": failed} if failed else {}),
        }

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
