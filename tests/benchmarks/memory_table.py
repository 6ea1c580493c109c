"""A DynamoDB table in memory behind a real client, which refuses what DynamoDB would refuse.

For work whose writes depend on each other. What it costs itself is counted apart, to be taken off what is measured.
"""

import json
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore import xform_name

from tests.benchmarks.answers import answer_with
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo


class MemoryTable:
    """The table of the template, empty at first; `own_seconds` grows."""

    def __init__(self, name: str) -> None:
        self._dynamo = MemoryDynamo()
        new_table(self._dynamo, name)
        self._lock = Lock()
        self.own_seconds = 0.0
        """The CPU time that standing in took."""

    def stand_in(self, client: Any, *, before: Callable[[], None] = lambda: None) -> list[str]:
        """Take the place of the table behind a client; `before` is called before each answer."""

        def answer(operation: str, body: bytes) -> bytes:
            before()
            return self._answer(operation, body)

        return answer_with(client, answer)

    def _answer(self, operation: str, body: bytes) -> bytes:
        with self._lock:
            started = time.thread_time()
            try:
                request = json.loads(body)
                request.pop("ClientRequestToken", None)
                return json.dumps(getattr(self._dynamo, xform_name(operation))(**request)).encode()
            finally:
                self.own_seconds += time.thread_time() - started
