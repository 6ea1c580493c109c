"""Uploads: one image, batches, URLs and direct uploads."""

from datetime import timedelta

import pytest

from image_store.domain.callers.key_allowance import KeyAllowance
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.errors import IdempotencyInProgress, ImageStoreError
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.domain.images.reservation import RESERVATION_LIFETIME, IdempotencyKey
from image_store.services.images.direct_uploads import Ticket
from image_store.services.images.sources import Content, RemoteUrl
from image_store.services.images.uploads import Upload
from tests.fakes.dynamodb import all_items
from tests.faults.faults import Killed, Mode
from tests.faults.operation import Operation
from tests.faults.operations.common import arrived
from tests.faults.ports import PICTURE_URL
from tests.faults.roles import runs_as
from tests.faults.soundness import assert_readable, assert_shown
from tests.faults.world import World
from tests.samples import OWNER, PICTURE

ALLOWANCE = KeyAllowance(key_id="0123456789abcdef", limits=KeyLimits(images_per_month=1))


@runs_as("upload")
def upload_remote(world: World) -> Image:
    """Store the picture that lies at a URL."""
    until = world.clock.now() + timedelta(seconds=25)
    return world.uploads.accept(Upload(OWNER, RemoteUrl(PICTURE_URL), Attributes(), until))


def stored_as_told(world: World, _: None, outcomes: list[Image | ImageStoreError]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Image):
            assert_readable(world, outcome)


def died(world: World) -> Ticket:
    """A direct upload whose first completion ended when all was written and nothing committed."""
    ticket = arrived(Visibility.PUBLIC)(world)
    world.faults.begin("dynamodb.transact_write_items#2", Mode.KILLED)
    with pytest.raises(Killed):
        world.complete(ticket)
    world.faults.end()
    world.clock.instant += RESERVATION_LIFETIME
    return ticket


def with_key(world: World, _: object = None) -> Image:
    return world.upload(Visibility.PUBLIC, key="a key")


@runs_as("upload")
def upload_with_a_limited_key(world: World, _: object = None) -> Image:
    """Store the picture with an API key that may store one in a month."""
    upload = Upload(
        OWNER,
        Content(PICTURE),
        Attributes(),
        world.clock.now() + timedelta(seconds=25),
        idempotency=IdempotencyKey("limited", "fingerprint"),
        allowance=ALLOWANCE,
    )
    return world.uploads.accept(upload)


def counted_once(world: World, _: object, image: Image) -> None:
    """The image is stored, and counts for the key."""
    assert_readable(world, image)
    assert counts_of_key(world) == [1]


def counted_at_most_once(world: World, _: object) -> None:
    """Nothing is stored that does not count."""
    own = [each for each in world.records() if each.record.id != world.bystander.record.id]
    assert len([each for each in own if each.record.is_visible]) <= sum(counts_of_key(world)) <= 1


def counts_of_key(world: World) -> list[int]:
    rows = all_items(world.client, world.table)
    return [int(row["images"]["N"]) for row in rows if row["pk"]["S"] == f"KEYUSE#{ALLOWANCE.key_id}"]


def repeat_until_stored(world: World) -> None:
    """The same request again, as a client sends it that was told of an error."""
    try:
        with_key(world)
    except IdempotencyInProgress as running:
        world.clock.instant += running.retry_after or timedelta(0)
        with_key(world)


def stored_once(world: World, _: object) -> None:
    (image,) = (image for image in world.records() if image.record.id != world.bystander.record.id)
    assert_shown(world, image)


def reserved(world: World, _: None, ticket: Ticket) -> None:
    assert ticket.put.url


def behind_the_request(world: World, ticket: Ticket) -> Image | None:
    """Hand a direct upload over, and let the function behind the queue work until nothing is left to do."""
    handed_over = world.hand_over(ticket)
    left = world.work_off()
    if not handed_over or left:
        return None
    return world.retrieval.get(OWNER, ticket.image_id)


def shown_if_stored(world: World, _: Ticket, stored: Image | None) -> None:
    if stored is not None:
        assert_shown(world, stored)


UPLOADS = (
    Operation(
        "upload with an API key that has a limit",
        lambda _: None,
        upload_with_a_limited_key,
        counted_once,
        whatever=counted_at_most_once,
    ),
    Operation(
        "batch upload",
        lambda _: None,
        lambda world, _: world.upload_batch([Visibility.PRIVATE, Visibility.PUBLIC, Visibility.PRIVATE]),
        stored_as_told,
        calls=17,
    ),
    Operation(
        "private upload",
        lambda _: None,
        lambda world, _: world.upload(Visibility.PRIVATE),
        lambda world, _, stored: assert_readable(world, stored),
        calls=5,
    ),
    Operation(
        "public upload",
        lambda _: None,
        lambda world, _: world.upload(Visibility.PUBLIC),
        lambda world, _, stored: assert_shown(world, stored),
        calls=7,
    ),
    Operation(
        "upload from a URL",
        lambda _: None,
        lambda world, _: upload_remote(world),
        lambda world, _, stored: assert_readable(world, stored),
        calls=6,
    ),
    Operation(
        "upload with a key",
        lambda _: None,
        with_key,
        lambda world, _, stored: assert_shown(world, stored),
        calls=8,
        then=repeat_until_stored,
        whatever=stored_once,
    ),
    Operation(
        "beginning of a direct upload",
        lambda _: None,
        lambda world, _: world.announce(Visibility.PUBLIC),
        reserved,
        calls=1,
    ),
    Operation(
        "direct upload behind the request",
        arrived(Visibility.PUBLIC),
        behind_the_request,
        shown_if_stored,
        calls=18,
    ),
    Operation(
        "private direct upload",
        arrived(Visibility.PRIVATE),
        lambda world, ticket: world.complete(ticket),
        lambda world, _, stored: assert_readable(world, stored),
        calls=9,
    ),
    Operation(
        "public direct upload",
        arrived(Visibility.PUBLIC),
        lambda world, ticket: world.complete(ticket),
        lambda world, _, stored: assert_shown(world, stored),
        calls=11,
    ),
    Operation(
        "retried direct upload",
        died,
        lambda world, ticket: world.complete(ticket),
        lambda world, _, stored: assert_shown(world, stored),
        calls=11,
    ),
)
