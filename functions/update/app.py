"""Changes the attributes of an image and who may see it, and creates and changes groups."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.finding import groups
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


lambda_handler = api.handler()
