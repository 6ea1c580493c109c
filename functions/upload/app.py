"""Stores images that come with the request."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images.batches import read_batch
from image_store.entrypoints.images.uploads import read_upload

api = Api("Images")


@api.post(
    "/v1/images",
    summary="Store an image",
    or_scope=Scope.UPLOAD_IMAGES,
    body="ImageUpload",
    query="ImageAttributes",
    headers=("Idempotency-Key",),
    answers={201: "Image", 200: "Image"},
    response_headers={201: ("Location",)},
    problems=(400, 409, 413, 415, 422, 429, 503),
)
def create_image(request: Request) -> "Response[str]":
    """Stores one image and returns it.

    Send the bytes themselves with their type and the attributes as query parameters, or a form, or JSON. The body has
    at most about 4.5 MB; use a direct upload for larger images. With an upload token send only what the token allows.
    The status is 200 if `on_duplicate=return_existing` returned an image that you had already.
    """
    app = application()
    upload = read_upload(request, until=request.deadline(app.clock))
    accepted = app.images.uploads.accept_and_show(upload)
    status = 200 if accepted.existed else 201
    return app.answers.image(accepted.image, api_url=request.api_url(app.settings.api_url), status=status)


@api.post(
    "/v1/images/batch",
    summary="Store up to 20 images",
    body="ImageBatch",
    headers=("Idempotency-Key",),
    answers={200: "BatchResult"},
    problems=(400, 413, 415),
)
def create_images(request: Request) -> "Response[str]":
    """Stores each image on its own: a bad one does not stop the others. The response names each by its index."""
    app = application()
    until = request.deadline(app.clock)
    outcomes = app.images.batches.run(
        read_batch(request, until=until), lambda read: app.images.uploads.accept_and_show(read()), until=until
    )
    return app.answers.batch(outcomes, api_url=request.api_url(app.settings.api_url))


lambda_handler = api.handler()
