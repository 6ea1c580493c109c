"""Direct uploads: begins them, and completes them once their bytes have arrived in storage."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.callers.scopes import Scope
from image_store.domain.images.image import Image
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers
from image_store.entrypoints.images.uploads import read_direct_upload

api = Api("Direct uploads")


@api.post(
    "/v1/uploads",
    summary="Begin a direct upload",
    or_scope=Scope.UPLOAD_IMAGES,
    body="UploadRequest",
    headers=("Idempotency-Key",),
    answers={201: "UploadTicket", 200: "Image"},
    response_headers={201: ("Location",)},
    problems=(400, 409, 413, 415, 422, 429, 503),
)
def create_upload(request: Request) -> "Response[str]":
    """Announces an image. Send its bytes as the response says, then complete the upload."""
    app = application()
    upload = app.images.direct_uploads.begin(read_direct_upload(request))
    api_url = request.api_url(app.settings.api_url)
    if isinstance(upload, Image):
        return app.answers.image(upload, api_url=api_url)
    return app.answers.ticket(upload, api_url=api_url)


@api.post(
    "/v1/uploads/<image_id>/complete",
    summary="Complete a direct upload",
    or_scope=Scope.UPLOAD_IMAGES,
    answers={201: "Image", 202: "UploadProgress"},
    response_headers={201: ("Location",), 202: ("Location", "Retry-After")},
    problems=(404, 409, 413, 415, 422, 503),
)
def complete_upload(request: Request, image_id: str) -> "Response[str]":
    """Makes an image of the bytes that have arrived. After 202 send the request again when `Retry-After` has passed."""
    app = application()
    image = app.images.direct_uploads.complete(
        request.owner,
        image_id,
        until=request.deadline(app.clock),
        upload_token=request.caller.upload_token_id,
    )
    api_url = request.api_url(app.settings.api_url)
    if image is None:
        return answers.processing(image_id, api_url=api_url)
    return app.answers.image(image, api_url=api_url, status=201)


lambda_handler = api.handler()
