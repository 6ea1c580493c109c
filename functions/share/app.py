"""Lets owners show their images to people without a token: signed links to one file, and shares of many images."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.delivery import shares
from image_store.entrypoints.delivery.share_schemas import ShareRequest, SharesQuery
from image_store.entrypoints.delivery.signed_link_schemas import SignedLinkRequest
from image_store.entrypoints.delivery.signed_links import lifetime_of, recipe_or_preset
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers

api = Api("Links")


@api.post(
    "/v1/images/<image_id>/links",
    summary="Create a signed link to a rendition or a transform of an image",
    scope=Scope.READ_IMAGES,  # it changes nothing
    body="SignedLinkRequest",
    answers={201: "SignedLink"},
    problems=(400, 404, 415, 503),
)
def create_image_link(request: Request, image_id: str) -> "Response[str]":
    """Makes a signed link to a rendition or a transform. Everyone who has it sees the picture until it expires."""
    app = application()
    body = request.json(SignedLinkRequest)
    link, expires_at = app.delivery.signed_link_creation.create(
        request.owner, image_id, recipe_or_preset(body), lifetime=lifetime_of(body)
    )
    return answers.signed_link(f"{request.api_url(app.settings.api_url)}/i/{link}", expires_at)


@api.post(
    "/v1/shares",
    summary="Create a share",
    body="ShareRequest",
    answers={201: "Share"},
    problems=(400, 404, 415, 429, 503),
)
def create_share(request: Request) -> "Response[str]":
    """Creates a share of one image, of the images of a group, or of all your images.

    Everyone who has `url_prefix` sees these images without a token, in every preset that the share shows, until the
    share expires or is revoked. A page builds the address of each picture itself:
    `{url_prefix}/{image_id}/{preset}`.
    """
    app = application()
    new_share = shares.new_share(request.json(ShareRequest))
    issued = app.delivery.share_administration.create(request.caller, new_share)
    return shares.created(issued, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/shares",
    summary="List shares",
    query="SharesQuery",
    answers={200: "SharePage"},
    problems=(400, 503),
)
def list_shares(request: Request) -> "Response[str]":
    """Lists your shares, the newest first. One that has expired is listed for another week."""
    app, query = application(), request.query(SharesQuery)
    administration = app.delivery.share_administration
    page, next_cursor = administration.page(request.caller, cursor=query.cursor, limit=query.limit)
    return shares.page(page, next_cursor, api_url=request.api_url(app.settings.api_url))


@api.delete(
    "/v1/shares/<share_id>",
    summary="Revoke a share",
    answers={204: "The share is revoked."},
    problems=(404, 503),
)
def revoke_share(request: Request, share_id: str) -> "Response[str]":
    """Revokes a share for good. It stops working within a minute; safe to repeat.

    A browser may use a redirect that it already has for one more minute, and the link behind that for up to an hour.
    """
    application().delivery.share_administration.revoke(request.caller, share_id)
    return answers.no_content()


lambda_handler = api.handler()
