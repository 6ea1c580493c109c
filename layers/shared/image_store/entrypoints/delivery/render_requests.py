"""Reads and handles the render requests that `adapters.renderer` sends."""

from collections.abc import Callable
from typing import Any

from image_store.domain.delivery.render_requests import RenderRequest, RenditionRequest, TransformRequest
from image_store.domain.delivery.renditions import Fit, Gravity, Recipe
from image_store.domain.errors import InvalidRequest
from image_store.domain.images.media import MediaType
from image_store.entrypoints.operations.observability import logger


def render_request_of(event: dict[str, Any]) -> RenderRequest:
    """The request in an event; InvalidRequest for an event that this store did not send."""
    try:
        return _KINDS[event["want"]](event)
    except (KeyError, ValueError, TypeError):
        raise InvalidRequest("The event is not a render request.") from None


def handle_render_request(event: dict[str, Any], *, make: Callable[[RenderRequest], None]) -> dict[str, Any]:
    """Make the file of an event; an error is logged and fails the invocation, so that the caller sees it."""
    try:
        make(render_request_of(event))
    except Exception as error:
        logger.exception("nothing made", code=getattr(error, "code", None), image_id=event.get("image_id"))
        raise
    return {}


def _rendition(event: dict[str, Any]) -> RenditionRequest:
    return RenditionRequest(event["image_id"], event["preset"], MediaType(event["media_type"]))


def _transform(event: dict[str, Any]) -> TransformRequest:
    steps = dict(event["recipe"])
    fit, gravity, media_type = (steps.pop(name) for name in ("fit", "gravity", "media_type"))
    recipe = Recipe(**steps, fit=Fit(fit), gravity=Gravity(**gravity), media_type=MediaType(media_type))
    return TransformRequest(event["image_id"], recipe)


_KINDS: dict[str, Callable[[dict[str, Any]], RenderRequest]] = {
    RenditionRequest.__name__: _rendition,
    TransformRequest.__name__: _transform,
}
