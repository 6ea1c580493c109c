"""Serves the public links of published images, their addresses in other stores, signed links, and shares."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.domain.ids import parse_link
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request

api = Api("Links")


@api.get(
    "/i/<link>",
    summary="See a published image, or what a signed link shows",
    headers=("Accept",),
    answers={302: "The picture is at Location."},
    problems=(404, 503),
    public=True,
)
def get_published_image(request: Request, link: str) -> "Response[str]":
    """Redirects to the `display` rendition of a published image, or to what a signed link shows."""
    if parse_link(link) is not None:
        return get_published_rendition(request, link, "display")
    app = application()
    file = app.delivery.signed_link_view.find(link, accept=request.header("accept"))
    return app.answers.signed_redirect(file, method=request.read_method)


@api.get(
    "/i/<link>/<preset>",
    summary="See a rendition of a published image",
    headers=("Accept",),
    answers={302: "The picture is at Location."},
    problems=(404, 503),
    public=True,
)
def get_published_rendition(request: Request, link: str, preset: str) -> "Response[str]":
    """Redirects to a rendition of a published image."""
    app = application()
    file = app.delivery.renditions.for_public_link(link, preset, accept=request.header("accept"))
    return app.answers.public_redirect(file, method=request.read_method)


@api.get(
    "/m/<path+>",
    summary="See a published image by its address in another store",
    headers=("Accept",),
    answers={302: "The picture is at Location."},
    problems=(404, 503),
    public=True,
)
def get_moved_image(request: Request, path: str) -> "Response[str]":
    """Redirects the path that an imported image had in another store to its `display` rendition.

    404 if no image was imported with this path, or if it is not published now.
    """
    app = application()
    file = app.delivery.renditions.for_record(
        lambda: app.delivery.old_links.find(path), "display", accept=request.header("accept")
    )
    return app.answers.public_redirect(file, method=request.read_method)


@api.get(
    "/s/<token>/<image_id>/<preset>",
    summary="See a rendition of a shared image",
    headers=("Accept",),
    answers={302: "The picture is at Location."},
    problems=(404, 503),
    public=True,
)
def get_shared_rendition(request: Request, token: str, image_id: str, preset: str) -> "Response[str]":
    """Redirects to a rendition of an image that a share shows; 404 for whatever it does not show."""
    app = application()
    shared = app.delivery.shared_view.find(token, image_id, preset, accept=request.header("accept"))
    return app.answers.shared_redirect(shared, method=request.read_method)


prepare()
lambda_handler = api.handler()
