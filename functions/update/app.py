"""Changes what is said about an image, and who may see it."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import if_version
from image_store.entrypoints.images.patches import edit_of, read_patch

api = http.create_api()


@api.patch(
    "/v1/images/<image_id>",
    **http.operation(
        "Change an image",
        body="ImagePatch",
        headers=("If-Match",),
        answers={200: "Image"},
        problems=(400, 404, 409, 412, 415, 422, 503),
    ),
)
def update_image(image_id: str) -> "Response[str]":
    """Changes what is sent and leaves the rest (RFC 7396): null takes a value away."""
    app = application()
    edit = edit_of(read_patch(api))
    image = app.images.editing.edit(http.caller(api), image_id, edit, if_version=if_version(api))
    return app.answers.image(image, api_url=http.api_url(api, app.settings.api_url))


lambda_handler = http.handler(api)
