"""Renders through the function that decodes."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.delivery.render_requests import RenderRequest
from image_store.domain.errors import StorageUnavailable
from image_store.ports.delivery import Renderer


class LambdaRenderer(Renderer):
    """Renderer on one Lambda function; the client is created at the first call.

    The event is the request as JSON: its kind in `want`, and its fields. The response of the function is not read.
    """

    def __init__(self, function: str, *, client: Callable[[], Any]) -> None:
        self._function = function
        self._client = client

    def render(self, request: RenderRequest) -> None:
        event = {"want": type(request).__name__, **asdict(request)}
        try:
            response = self._client().invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        except (ClientError, BotoCoreError) as exc:
            raise _failure() from exc
        if "FunctionError" in response:
            raise _failure()


def _failure() -> StorageUnavailable:
    return StorageUnavailable("The rendition could not be made; try again.")
