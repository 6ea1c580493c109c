"""Changes the attributes of an image, and who may see it."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images.patches import edit_of, read_patch

api = Api("Images")


@api.patch(
    "/v1/images/<image_id>",
    summary="Change an image",
    body="ImagePatch",
    headers=("If-Match",),
    answers={200: "Image"},
    problems=(400, 404, 409, 412, 415, 422, 503),
)
def update_image(request: Request, image_id: str) -> "Response[str]":
    """Changes the fields that are sent and keeps the others (RFC 7396): null removes a value."""
    app = application()
    edit = edit_of(read_patch(request))
    image = app.images.editing.edit(request.owner, image_id, edit, if_version=request.if_version)
    return app.answers.image(image, api_url=request.api_url(app.settings.api_url))


lambda_handler = api.handler()
