"""Asks the function that verifies callers, as the gateway does before every private route."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from image_store.domain.errors import StorageUnavailable
from image_store.ports.callers import Authorizer


class LambdaAuthorizer(Authorizer):
    """Authorizer on one Lambda function; the client is created at the first call."""

    def __init__(self, function: str, *, client: Callable[[], Any]) -> None:
        self._function = function
        self._client = client

    def verdict(self, authorization: str, *, request_id: str) -> Mapping[str, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        event = {
            "version": "2.0",
            "type": "REQUEST",
            "headers": {"authorization": authorization},
            "requestContext": {"requestId": request_id},
        }
        try:
            response = self._client().invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
            answer = {} if "FunctionError" in response else json.loads(response["Payload"].read())
        except (ClientError, BotoCoreError, OSError, ValueError) as exc:
            raise _failure() from exc
        if not isinstance(answer, dict) or not isinstance(verdict := answer.get("context"), dict):
            raise _failure()
        return verdict


def _failure() -> StorageUnavailable:
    return StorageUnavailable("The caller cannot be verified now; try again.")
