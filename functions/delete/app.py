"""Deletes images, into the trash or permanently, restores them from the trash, and deletes groups."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.domain.finding.lists import OwnerGroup
from image_store.entrypoints.finding import groups
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers
from image_store.entrypoints.images.batch_changes import read_batch_restore
from image_store.entrypoints.images.batches import read_batch_delete
from image_store.entrypoints.images.query_schemas import DeleteParameters

api = Api("Images")


@api.delete(
    "/v1/images/<image_id>",
    summary="Delete an image",
    query="DeleteParameters",
    answers={204: "It is in the trash, or gone if that was requested."},
    problems=(400, 404, 409, 503),
)
def delete_image(request: Request, image_id: str) -> "Response[str]":
    """Puts an image into the trash, or deletes it permanently with `permanent=true`."""
    permanent = request.query(DeleteParameters).permanent
    application().images.deletion.delete(request.owner, image_id, permanent=permanent)
    return answers.no_content()


@api.post(
    "/v1/images/batch-delete",
    summary="Delete up to 100 images, or the images of a group",
    body="BatchDelete",
    answers={200: "BatchDeleteResult"},
    problems=(400, 413, 415, 503),
)
def delete_images(request: Request) -> "Response[str]":
    """Deletes the named images, or those of a group. One that cannot be deleted does not stop the others."""
    app = application()
    deletion, until = read_batch_delete(request), request.deadline(app.clock)
    return answers.batch_deletion(app.images.batch_deletion.run(deletion, until=until))


@api.post(
    "/v1/images/<image_id>/restore",
    summary="Take an image out of the trash",
    answers={200: "Image"},
    problems=(404, 409, 503),
)
def restore_image(request: Request, image_id: str) -> "Response[str]":
    """Takes an image out of the trash, as it was."""
    app = application()
    image = app.images.deletion.restore(request.owner, image_id)
    return app.answers.image(image, api_url=request.api_url(app.settings.api_url))


@api.delete(
    "/v1/groups/<group+>",
    summary="Delete a group",
    query="GroupDeleteQuery",
    answers={200: "GroupDeletion"},
    problems=(400, 404, 503),
)
def delete_group(request: Request, group: str) -> "Response[str]":
    """Takes up to 100 images out of a group, or moves them to the trash; when none is left, the group is gone.

    Repeat the request with `next_cursor` until it is null. A request that was cut off can be sent again.
    """
    app = application()
    trashes_images, cursor = groups.read_deletion(request)
    named, until = OwnerGroup(request.owner, groups.name_in_path(group)), request.deadline(app.clock)
    result = app.images.group_deletion.run(named, trashes_images=trashes_images, cursor=cursor, until=until)
    return groups.deletion(result)


@api.post(
    "/v1/images/batch-restore",
    summary="Take up to 100 images out of the trash",
    body="BatchRestore",
    answers={200: "BatchChangeResult"},
    problems=(400, 413, 415, 503),
)
def restore_images(request: Request) -> "Response[str]":
    """Takes the named images out of the trash. One that cannot be restored does not stop the others.

    Images that were not reached in time have the code `deadline_exceeded`: send them again.
    """
    app = application()
    image_ids, until = read_batch_restore(request), request.deadline(app.clock)
    return answers.batch_change(app.images.batch_changes.restore(request.owner, image_ids, until=until))


lambda_handler = api.handler()
