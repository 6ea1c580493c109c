"""Gives owners links that show their images for a limited time."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.delivery.signed_link_schemas import ShareRequest
from image_store.entrypoints.delivery.signed_links import lifetime_of, recipe_or_preset
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers

api = Api("Links")


@api.post(
    "/v1/images/<image_id>/links",
    summary="Share a rendition or a transform of an image for a time",
    scope=Scope.READ_IMAGES,  # it changes nothing
    body="ShareRequest",
    answers={201: "ShareLink"},
    problems=(400, 404, 415, 503),
)
def create_image_link(request: Request, image_id: str) -> "Response[str]":
    """Makes a signed link to a rendition or a transform. Everyone who has it sees the picture until it expires."""
    app = application()
    share = request.json(ShareRequest)
    link, expires_at = app.delivery.sharing.share(
        request.owner, image_id, recipe_or_preset(share), lifetime=lifetime_of(share)
    )
    return answers.signed_link(f"{request.api_url(app.settings.api_url)}/i/{link}", expires_at)


lambda_handler = api.handler()
