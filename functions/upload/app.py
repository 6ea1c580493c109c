"""Stores images that come with the request."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.http import api as http
from image_store.entrypoints.images.batches import read_batch
from image_store.entrypoints.images.uploads import read_upload

api = http.create_api()


@api.post(
    "/v1/images",
    **http.operation(
        "Store an image",
        body="ImageUpload",
        query="ImageAttributes",
        headers=("Idempotency-Key",),
        answers={201: "Image"},
        problems=(400, 409, 413, 415, 422, 429, 503),
    ),
)
def create_image() -> "Response[str]":
    """Stores one image and answers it.

    Send the bytes themselves with their type and the attributes as query parameters, or a form, or JSON. The body has
    at most about 4.5 MB: larger images go by a direct upload.
    """
    app = application()
    upload = read_upload(api, until=deadline(api.lambda_context, app.clock))
    image = app.images.uploads.accept_and_show(upload)
    return app.answers.image(image, api_url=http.api_url(api, app.settings.api_url), status=201)


@api.post(
    "/v1/images/batch",
    **http.operation(
        "Store up to 20 images",
        body="ImageBatch",
        headers=("Idempotency-Key",),
        answers={200: "BatchResult"},
        problems=(400, 413, 415),
    ),
)
def create_images() -> "Response[str]":
    """Stores each image on its own: a bad one spoils no other. The answer names each by its index."""
    app = application()
    until = deadline(api.lambda_context, app.clock)
    outcomes = app.images.batches.run(
        read_batch(api, until=until), lambda read: app.images.uploads.accept_and_show(read()), until=until
    )
    return app.answers.batch(outcomes, api_url=http.api_url(api, app.settings.api_url))


lambda_handler = http.handler(api)
