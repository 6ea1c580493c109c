"""Shows an owner an image: what is known of it, or its bytes."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.entrypoints.http import api as http
from image_store.entrypoints.images import answers

api = http.create_api()


@api.get(
    "/v1/images/<image_id>",
    **http.operation(
        "Get an image",
        headers=("If-None-Match",),
        answers={200: "Image", 304: "The version named by If-None-Match is current."},
        problems=(404, 503),
    ),
)
def get_image(image_id: str) -> "Response[str]":
    """Answers everything that is known of an image, with links that work without a token for a while."""
    app = application()
    image = app.images.retrieval.get(http.caller(api), image_id)
    if answers.matches(http.header(api, "if-none-match"), image.record):
        return answers.not_modified(image.record)
    return app.answers.image(app.images.sealing.open(image), api_url=http.api_url(api, app.settings.api_url))


@api.route(
    "/v1/images/<image_id>/content",
    method=["GET", "HEAD"],
    **http.operation(
        "Get the bytes of an image, or of one of its renditions",
        query="ContentParameters",
        headers=("Accept",),
        answers={302: "The bytes are at Location for a while; Range and conditional requests work there."},
        problems=(400, 404, 503),
    ),
)
def get_image_content(image_id: str) -> "Response[str]":
    """Redirects to the original, or to the rendition that is named."""
    app = application()
    preset = http.chosen(api, "rendition", among=tuple(app.settings.renditions.presets))
    owner, method = http.caller(api), http.read_method(api)
    if preset is None:
        return app.answers.original(app.images.retrieval.get_record(owner, image_id), method=method)
    found = app.delivery.renditions.for_owner(owner, image_id, preset, accept=http.header(api, "accept"))
    return app.answers.rendition(found, method=method)


prepare()
lambda_handler = http.handler(api)
