"""Serves the public links of published images, and the signed links of images that are shared for a time."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.domain.ids import parse_link
from image_store.entrypoints.http import api as http

api = http.create_api()

PUBLISHED = http.operation(
    "See a published image, or one that is shared by a signed link",
    headers=("Accept",),
    answers={302: "The picture is at Location."},
    problems=(404, 503),
    public=True,
)


@api.get("/i/<link>", **PUBLISHED)
def get_published_image(link: str) -> "Response[str]":
    """Redirects to the `display` rendition of a published image, or to what a signed link shows."""
    if parse_link(link) is not None:
        return get_published_rendition(link, "display")
    app = application()
    found = app.delivery.shared.find(link, accept=http.header(api, "accept"))
    return app.answers.signed_redirect(found, method=http.read_method(api))


@api.get("/i/<link>/<preset>", **PUBLISHED)
def get_published_rendition(link: str, preset: str) -> "Response[str]":
    """Redirects to a rendition of a published image."""
    app = application()
    found = app.delivery.renditions.for_public_link(link, preset, accept=http.header(api, "accept"))
    return app.answers.public_redirect(found, method=http.read_method(api))


prepare()
lambda_handler = http.handler(api)
