"""botocore clients that answer from memory: requests are prepared and signed, answers parsed; no sockets."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from botocore.awsrequest import AWSResponse

type Item = Mapping[str, Any]


class _Body:
    """The raw part of an answer, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterable[bytes]:
        return [self._body]


def answer_with(client: Any, answer: Callable[[str, bytes], bytes]) -> list[str]:
    """Let `answer(operation, request body)` stand in for AWS behind a client that speaks JSON.

    Returns the list of calls, which grows.
    """

    def respond(request: Any, operation: str) -> AWSResponse:
        body = answer(operation, request.body)
        return answered(request, 200, {"content-type": "application/x-amz-json-1.0"}, body)

    return intercept(client, respond)


class Table:
    """A DynamoDB table in which every Query finds the same items, and every write succeeds."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._encoded: dict[str | None, bytes] = {}

    def stand_in(self, client: Any) -> list[str]:
        """Take the place of the table behind a client."""
        return answer_with(client, self.answer)

    def answer(self, operation: str, request: bytes) -> bytes:
        """The body of an answer; each projection is encoded once, so that it costs the caller nothing."""
        if operation != "Query":
            return b"{}"
        projection = json.loads(request).get("ProjectionExpression") if b"Projection" in request else None
        if projection not in self._encoded:
            self._encoded[projection] = self._encode(projection)
        return self._encoded[projection]

    def _encode(self, projection: str | None) -> bytes:
        items = self._items
        if projection is not None:
            names = {name.strip().removeprefix("#") for name in projection.split(",")}
            items = [{name: value for name, value in item.items() if name in names} for item in items]
        return json.dumps({"Items": items, "Count": len(items), "ScannedCount": len(items)}).encode()


def accept_objects(client: Any) -> list[str]:
    """Let an S3 client's PutObject succeed; the list of calls grows."""

    def respond(request: Any, operation: str) -> AWSResponse:
        assert operation == "PutObject"
        return answered(request, 200, {"etag": '"00000000000000000000000000000000"'}, b"")

    return intercept(client, respond)


def answered(request: Any, status: int, headers: Mapping[str, str], body: bytes) -> AWSResponse:
    """An answer as botocore has it from a socket."""
    return AWSResponse(request.url, status, dict(headers), _Body(body))


def intercept(client: Any, respond: Callable[[Any, str], AWSResponse]) -> list[str]:
    """Let `respond(request, operation)` stand in for a service; the list of calls, which is returned, grows."""
    called: list[str] = []

    def send(request: Any, event_name: str, **_: object) -> AWSResponse:
        operation = sys.intern(event_name.rpartition(".")[2])
        called.append(operation)
        return respond(request, operation)

    client.meta.events.register("before-send", send)
    return called
