"""Direct uploads: begins them, and completes them once their bytes have arrived in storage."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.images.image import Image
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.http import api as http
from image_store.entrypoints.images import answers
from image_store.entrypoints.images.uploads import read_upload_request

api = http.create_api()


@api.post(
    "/v1/uploads",
    **http.operation(
        "Begin a direct upload",
        body="UploadRequest",
        headers=("Idempotency-Key",),
        answers={201: "UploadTicket", 200: "Image"},
        problems=(400, 409, 413, 415, 422, 429, 503),
    ),
)
def create_upload() -> "Response[str]":
    """Announces an image; send its bytes with the answered request, then complete the upload."""
    app = application()
    begun = app.images.direct_uploads.begin(read_upload_request(api))
    if isinstance(begun, Image):
        return app.answers.image(begun, api_url=_api_url())
    return app.answers.ticket(begun, api_url=_api_url())


@api.post(
    "/v1/uploads/<image_id>/complete",
    **http.operation(
        "Complete a direct upload",
        answers={201: "Image", 202: "UploadProgress"},
        problems=(404, 409, 413, 415, 422, 503),
    ),
)
def complete_upload(image_id: str) -> "Response[str]":
    """Makes an image of the bytes that have arrived; after 202 ask again when `Retry-After` has passed."""
    app = application()
    until = deadline(api.lambda_context, app.clock)
    image = app.images.direct_uploads.complete(http.caller(api), image_id, until=until)
    if image is None:
        return answers.processing(image_id, api_url=_api_url())
    return app.answers.image(image, api_url=_api_url(), status=201)


def _api_url() -> str:
    return http.api_url(api, application().settings.api_url)


lambda_handler = http.handler(api)
