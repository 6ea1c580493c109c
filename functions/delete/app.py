"""Deletes images, into the trash or for good, and takes them out of the trash again."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.finding.query_schemas import DeleteParameters
from image_store.entrypoints.http import api as http
from image_store.entrypoints.http.requests import query
from image_store.entrypoints.images import answers
from image_store.entrypoints.images.batches import read_batch_delete

api = http.create_api()


@api.delete(
    "/v1/images/<image_id>",
    **http.operation(
        "Delete an image",
        query="DeleteParameters",
        answers={204: "It is in the trash, or gone if that was asked for."},
        problems=(400, 404, 409, 503),
    ),
)
def delete_image(image_id: str) -> "Response[str]":
    """Puts an image into the trash, or deletes it for good with `permanent=true`."""
    permanent = query(api, DeleteParameters).permanent
    application().images.deletion.delete(http.caller(api), image_id, permanent=permanent)
    return answers.no_content()


@api.post(
    "/v1/images/batch-delete",
    **http.operation(
        "Delete up to 100 images, or the images of a group",
        body="BatchDelete",
        answers={200: "BatchDeleteResult"},
        problems=(400, 413, 415, 503),
    ),
)
def delete_images() -> "Response[str]":
    """Deletes the named images, or those of a group; each by itself."""
    app = application()
    wanted, until = read_batch_delete(api), deadline(api.lambda_context, app.clock)
    return answers.batch_deletion(app.images.batch_deletion.run(wanted, until=until))


@api.post(
    "/v1/images/<image_id>/restore",
    **http.operation("Take an image out of the trash", answers={200: "Image"}, problems=(404, 409, 503)),
)
def restore_image(image_id: str) -> "Response[str]":
    """Takes an image out of the trash, as it was."""
    app = application()
    image = app.images.deletion.restore(http.caller(api), image_id)
    return app.answers.image(image, api_url=http.api_url(api, app.settings.api_url))


lambda_handler = http.handler(api)
