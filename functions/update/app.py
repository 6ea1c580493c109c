"""Changes the attributes of images and who may see them, and creates and changes groups."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.finding import groups
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers
from image_store.entrypoints.images.batch_changes import read_batch_update
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


@api.post(
    "/v1/groups",
    summary="Create a group",
    body="GroupRequest",
    answers={201: "Group"},
    response_headers={201: ("Location",)},
    problems=(400, 409, 415, 429, 503),
)
def create_group(request: Request) -> "Response[str]":
    """Creates a group, such as an album, which needs no images. Without `id` a second request creates another one."""
    app = application()
    new = app.finding.group_administration.create(request.owner, groups.read_new(request))
    return groups.created(app.answers, new, api_url=request.api_url(app.settings.api_url))


@api.patch(
    "/v1/groups/<group+>",
    summary="Change a group",
    body="GroupPatch",
    answers={200: "Group"},
    problems=(400, 404, 409, 415, 429, 503),
)
def update_group(request: Request, group: str) -> "Response[str]":
    """Changes title or cover of a group (RFC 7396): null removes a value."""
    app = application()
    name, change = groups.name_in_path(group), groups.read_change(request)
    return groups.group(app.answers, app.finding.group_administration.change(request.owner, name, change))


@api.post(
    "/v1/images/batch-update",
    summary="Change up to 100 images",
    body="BatchUpdate",
    answers={200: "BatchChangeResult"},
    problems=(400, 413, 415, 503),
)
def update_images(request: Request) -> "Response[str]":
    """Adds and removes tags and groups, and sets visibility and category, of all the named images.

    Each image is changed on its own: one that cannot be changed does not stop the others. Images that were not reached
    in time have the code `deadline_exceeded`: send them again.
    """
    app = application()
    batch, until = read_batch_update(request), request.deadline(app.clock)
    return answers.batch_change(
        app.images.batch_changes.edit(request.owner, batch.image_ids, batch.edit, until=until)
    )


lambda_handler = api.handler()
