"""The function that verifies callers is asked as the gateway asks it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from image_store.adapters.authorizer import LambdaAuthorizer
from image_store.domain.errors import StorageUnavailable

VERDICT = {"name": "subject:alice", "owner": "alice", "scopes": "images:read"}


class Client:
    """A client of Lambda that answers what it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Any]] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803 - boto3's names
        self.asked.append((FunctionName, json.loads(Payload)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def payload(value: Any) -> dict[str, Any]:
    """The answer of a function."""
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(value).encode())}


def verdict(client: Client) -> Any:
    """What a client makes of a header."""
    return LambdaAuthorizer("authorize", client=lambda: client).verdict("Bearer x", request_id="r1")


def test_the_verdict_is_that_of_the_function() -> None:
    client = Client(payload({"isAuthorized": True, "context": VERDICT}))

    assert verdict(client) == VERDICT
    [(function, event)] = client.asked
    assert function == "authorize"
    assert event["headers"] == {"authorization": "Bearer x"}
    assert event["requestContext"] == {"requestId": "r1"}


@pytest.mark.parametrize(
    "answer",
    [
        payload(None),
        payload({}),
        payload({"context": "alice"}),
        {"StatusCode": 200, "Payload": io.BytesIO(b"<html>")},
        {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")},
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"),
        ReadTimeoutError(endpoint_url="https://lambda"),
    ],
)
def test_without_a_verdict_nobody_is_let_in(answer: Any) -> None:
    with pytest.raises(StorageUnavailable):
        verdict(Client(answer))
