"""botocore clients that answer from memory: requests are prepared and signed, answers parsed; no sockets."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.awsrequest import AWSResponse

type Answer = Mapping[str, Any]


class _Body:
    """The raw part of an answer, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterable[bytes]:
        return [self._body]


def answer_with(client: Any, answer: Callable[[str, Answer], Answer]) -> list[str]:
    """Let `answer(operation, request)` stand in for AWS behind a JSON client; the list of calls grows."""
    called: list[str] = []

    def send(request: Any, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).partition(".")[2]
        called.append(operation)
        body = json.dumps(answer(operation, json.loads(request.body))).encode()
        headers = {"content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, headers, _Body(body))

    client.meta.events.register("before-send", send)
    return called
