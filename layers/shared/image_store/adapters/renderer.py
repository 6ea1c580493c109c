"""Having a file made by the function that decodes; the only code that invokes a function."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.delivery.render_requests import RenderRequest
from image_store.domain.errors import StorageUnavailable
from image_store.ports.delivery import Renderer


class LambdaRenderer(Renderer):
    """Renderer on one Lambda function; the client is made at the first call.

    The event is the request as JSON: its kind under `want`, its fields beside it. The function answers nothing
    that is read here.
    """

    def __init__(self, function: str, *, client: Callable[[], Any]) -> None:
        self._function = function
        self._client = client

    def render(self, request: RenderRequest) -> None:
        event = {"want": type(request).__name__, **asdict(request)}
        try:
            answer = self._client().invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
        except (ClientError, BotoCoreError) as exc:
            raise _not_made() from exc
        if "FunctionError" in answer:
            raise _not_made()


def _not_made() -> StorageUnavailable:
    return StorageUnavailable("It could not be made at this moment; try again.")
