"""The dead-letter queue: what can never succeed, with the reason, which SQS's own redrive would not carry."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import StorageUnavailable
from image_store.ports import DeadLetters

_MAX_REASON_CHARS = 256
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


class SqsDeadLetters(DeadLetters):
    """DeadLetters on one SQS queue; the client is made at the first call."""

    def __init__(self, queue_url: str, *, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, body: str, *, reason: str) -> None:
        # An attribute's value may not be empty.
        value = _NOT_PRINTABLE_ASCII.sub("?", reason)[:_MAX_REASON_CHARS] or "unknown"
        try:
            self._client().send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                MessageAttributes={"reason": {"DataType": "String", "StringValue": value}},
            )
        except (ClientError, BotoCoreError) as exc:
            raise StorageUnavailable(
                "The dead-letter queue did not answer as it should; try again.",
                retry_after=timedelta(seconds=1),
            ) from exc
