"""How files are asked for that another function makes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from image_store.adapters.renderer import LambdaRenderer
from image_store.domain.delivery.render_requests import RenderRequest, RenditionRequest, TransformRequest
from image_store.domain.delivery.renditions import SMART, Fit, Gravity, Recipe
from image_store.domain.delivery.signed_links import transform
from image_store.domain.errors import InvalidRequest, StorageUnavailable
from image_store.domain.images.media import MediaType
from image_store.entrypoints.delivery.render_requests import render_request_of

RENDITION = RenditionRequest("id", "w640", MediaType.AVIF)
TRANSFORMS = [
    TransformRequest("id", transform(recipe))
    for recipe in (
        Recipe(200),
        Recipe(200, 100, Fit.COVER, SMART, MediaType.JPEG, quality=50),
        Recipe(200, 100, Fit.PAD, Gravity(0.25, 1), MediaType.PNG),
    )
]


class Client:
    """Stands in for Lambda: `answer` is what it does."""

    def __init__(self, answer: Callable[[], dict[str, Any]]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return self._answer()


@pytest.mark.parametrize("render_request", [RENDITION, *TRANSFORMS])
def test_a_render_request_arrives_as_it_was_sent(render_request: RenderRequest) -> None:
    client = Client(lambda: {"StatusCode": 200})

    LambdaRenderer("render", client=lambda: client).render(render_request)

    [request] = client.asked
    assert request["FunctionName"] == "render"
    assert render_request_of(json.loads(request["Payload"])) == render_request


def throttled() -> dict[str, Any]:
    raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "no"}}, "Invoke")


def too_slow() -> dict[str, Any]:
    raise ReadTimeoutError(endpoint_url="https://lambda.invalid")


def failed() -> dict[str, Any]:
    return {"StatusCode": 200, "FunctionError": "Unhandled"}


@pytest.mark.parametrize("answer", [throttled, too_slow, failed])
def test_what_was_not_made_is_storage_unavailable(answer: Callable[[], dict[str, Any]]) -> None:
    client = Client(answer)

    with pytest.raises(StorageUnavailable):
        LambdaRenderer("render", client=lambda: client).render(RENDITION)

    assert len(client.asked) == 1


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"want": "Other"},
        {"want": ["RenditionWanted"]},
        {"want": "RenditionWanted", "image_id": "id", "preset": "w640", "media_type": "text/html"},
        {"want": "TransformWanted", "image_id": "id", "recipe": {"width": 9}},
        {"want": "TransformWanted", "image_id": "id", "recipe": None},
    ],
    ids=str,
)
def test_an_event_that_means_nothing_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        render_request_of(event)
