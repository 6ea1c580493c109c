"""Shows owners their images: the record of an image, or its bytes."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application, prepare
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers

api = Api("Images")


@api.get(
    "/v1/images/<image_id>",
    summary="Get an image",
    headers=("If-None-Match",),
    answers={200: "Image", 304: "The version named by If-None-Match is current."},
    problems=(404, 503),
)
def get_image(request: Request, image_id: str) -> "Response[str]":
    """Returns everything that is known about an image, with links that work without a token for a while."""
    app = application()
    image = app.images.retrieval.get(request.owner, image_id)
    if request.client_has(answers.etag(image.record)):
        return answers.not_modified(image.record)
    return app.answers.image(app.images.sealing.open(image), api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/images/<image_id>/content",
    summary="Get the bytes of an image, or of one of its renditions",
    query="ContentParameters",
    headers=("Accept",),
    answers={302: "The bytes are at Location for a while; Range and conditional requests work there."},
    problems=(400, 404, 503),
    names_head=True,
)
def get_image_content(request: Request, image_id: str) -> "Response[str]":
    """Redirects to the original, or to the rendition that is named."""
    app = application()
    preset = request.choice("rendition", among=tuple(app.settings.renditions.presets))
    owner, method = request.owner, request.read_method
    if preset is None:
        return app.answers.original(app.images.retrieval.get_record(owner, image_id), method=method)
    file = app.delivery.renditions.for_owner(owner, image_id, preset, accept=request.header("accept"))
    return app.answers.rendition(file, method=method)


prepare()
lambda_handler = api.handler()
