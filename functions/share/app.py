"""Gives owners links that show something of their images for a time."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.delivery.signed_link_schemas import ShareRequest
from image_store.entrypoints.delivery.signed_links import lifetime_of, recipe_or_preset
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import json_body
from image_store.entrypoints.images import answers

api = http.create_api()


@api.post(
    "/v1/images/<image_id>/links",
    **http.operation(
        "Share a rendition or a transform of an image for a time",
        body="ShareRequest",
        answers={201: "ShareLink"},
        problems=(400, 404, 415, 503),
    ),
)
def create_image_link(image_id: str) -> "Response[str]":
    """Makes a signed link to a rendition or a transform; whoever has it sees the picture until it ends."""
    app = application()
    asked = json_body(api, ShareRequest)
    link, expires_at = app.delivery.sharing.share(
        http.caller(api), image_id, recipe_or_preset(asked), lifetime=lifetime_of(asked)
    )
    return answers.signed_link(f"{http.api_url(api, app.settings.api_url)}/i/{link}", expires_at)


lambda_handler = http.handler(api)
