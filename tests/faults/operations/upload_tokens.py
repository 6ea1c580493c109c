"""Creating upload tokens, and uploading with them."""

import hashlib
from datetime import timedelta

from image_store.domain.callers.caller import user
from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.domain.images.media import MediaType
from image_store.services.callers.upload_tokens import NewUploadToken
from image_store.services.images.direct_uploads import DirectUpload, Ticket
from image_store.services.images.sources import Content
from image_store.services.images.uploads import Upload
from tests.faults.operation import Operation
from tests.faults.roles import runs_as
from tests.faults.soundness import assert_readable, assert_shown
from tests.faults.world import World
from tests.samples import OWNER, PICTURE

CALLER = user(OWNER, scopes=(), admin_scope="", admin_subjects=())
REQUEST = NewUploadToken(
    lifetime=timedelta(hours=24),
    max_images=1,
    attributes=Attributes(visibility=Visibility.PUBLIC, groups=("session:s1",)),
    fixed=frozenset({"visibility", "groups"}),
)

type Issued = tuple[UploadToken, str]
"""A token and its text."""
type Begun = tuple[UploadToken, Ticket]


@runs_as("keys")
def create(world: World, _: None = None) -> Issued:
    return world.app.callers.upload_permissions.create(CALLER, REQUEST)


def token(world: World) -> UploadToken:
    return create(world)[0]


@runs_as("authorize")
def created(world: World, _: None, issued: Issued) -> None:
    settled_at, world.clock.instant = world.clock.instant, issued[0].created_at  # by now it has expired
    caller = world.app.callers.upload_permissions.holder(issued[1])
    world.clock.instant = settled_at
    assert (caller.upload_token_id, caller.owner) == (issued[0].id, OWNER)


@runs_as("upload")
def upload(world: World, token: UploadToken) -> Image:
    until = world.clock.now() + timedelta(seconds=25)
    content = Content(PICTURE, "image/png")
    request = Upload(OWNER, content, Attributes(), until, upload_token=token.id)
    return world.uploads.accept_and_show(request).image


@runs_as("direct")
def begin(world: World, token: UploadToken) -> Ticket:
    ticket = world.direct_uploads.begin(
        DirectUpload(
            owner=OWNER,
            media_type=MediaType.PNG,
            size_bytes=len(PICTURE),
            sha256=hashlib.sha256(PICTURE).hexdigest(),
            attributes=Attributes(),
            upload_token=token.id,
        )
    )
    assert isinstance(ticket, Ticket)
    return ticket


def arrived(world: World) -> Begun:
    issued = token(world)
    ticket = begin(world, issued)
    world.send(ticket)
    return issued, ticket


@runs_as("direct")
def complete(world: World, begun: Begun) -> Image:
    until = world.clock.now() + timedelta(seconds=25)
    image = world.direct_uploads.complete(OWNER, begun[1].image_id, until=until, upload_token=begun[0].id)
    assert image is not None
    return image


@runs_as("authorize")
def count(world: World, token: UploadToken) -> int:
    current = world.app.ports.upload_tokens.get(token.id)
    assert current is not None
    return current.images


def stored(world: World, token: UploadToken, shown: Image) -> None:
    image = world.retrieval.get(OWNER, shown.record.id)
    assert image.details.groups == ("session:s1",)
    assert_readable(world, image)
    assert_shown(world, image)
    assert count(world, token) == 1


def counted(world: World, token: UploadToken) -> None:
    """Every image of a token is counted, and one at most can be there."""
    images = [image for image in world.records() if image.record.upload_token == token.id]
    assert len(images) <= count(world, token) <= 1


UPLOAD_TOKENS = (
    Operation("create an upload token", lambda _: None, create, created, calls=1),
    Operation("upload with a token", token, upload, stored, calls=8, whatever=counted),
    Operation(
        "beginning of a direct upload with a token",
        token,
        begin,
        lambda world, token, _: counted(world, token),
        calls=2,
        whatever=counted,
    ),
    Operation(
        "direct upload with a token",
        arrived,
        complete,
        lambda world, begun, image: stored(world, begun[0], image),
        calls=12,
        whatever=lambda world, begun: counted(world, begun[0]),
    ),
)
