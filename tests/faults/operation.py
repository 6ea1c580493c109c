"""One operation in the fault matrix: how it is run with a fault, and which calls it makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from image_store.domain.callers.api_keys import ApiKey
from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.errors import ImageStoreError
from image_store.domain.images.image import Image
from image_store.domain.images.ingest import DroppedObject
from image_store.domain.upkeep.migration import Migration
from image_store.services.images.direct_uploads import Ticket
from tests.faults.faults import Killed, Mode
from tests.faults.soundness import assert_sound
from tests.faults.world import World


@dataclass(frozen=True)
class Operation:
    """Something to do to a store, and what is true once it has been acknowledged."""

    name: str
    prepare: Callable[
        [World],
        Image
        | Ticket
        | DroppedObject
        | Migration
        | tuple[Image, ...]
        | tuple[ApiKey, str]
        | UploadToken
        | tuple[UploadToken, Ticket]
        | None,
    ]
    act: Callable[[World, Any], Any]
    acknowledged: Callable[[World, Any, Any], None]
    calls: int | None = None
    """How many storage calls it makes for its caller when nothing fails; more are a cost to know of."""
    then: Callable[[World], None] = lambda _: None
    """What its caller does at once when nothing fails any more."""
    whatever: Callable[[World, Any], None] = lambda _world, _before: None
    """What is true whether it was acknowledged or not."""


def run(world: World, operation: Operation, *, at: str | None, mode: Mode) -> None:
    """Do it with one fault, let cleanup have its way, and look."""
    before = operation.prepare(world)
    world.faults.begin(at, mode)
    heard, answer = False, None
    try:
        answer = operation.act(world, before)
        heard = True
    except (ImageStoreError, Killed):
        pass
    world.faults.end()
    assert world.faults.happened == (at is not None)
    operation.then(world)
    world.settle()
    assert_sound(world)
    operation.whatever(world, before)
    if heard:
        operation.acknowledged(world, before, answer)


def calls_of(world: World, operation: Operation) -> Sequence[str]:
    before = operation.prepare(world)
    world.faults.begin()
    operation.act(world, before)
    return tuple(world.faults.calls)


def run_with_a_lost_commit(world: World, operation: Operation) -> None:
    """Do it, lose the answer to its last commit, and find it acknowledged nevertheless."""
    before = operation.prepare(world)
    world.faults.begin(LAST_COMMITS[operation.name], Mode.ANSWER_LOST)
    answer = operation.act(world, before)
    assert world.faults.happened
    world.settle()
    assert_sound(world)
    operation.acknowledged(world, before, answer)


LAST_COMMITS = {
    "private upload": "dynamodb.transact_write_items#2",
    "public upload": "dynamodb.transact_write_items#2",
    "upload from a URL": "dynamodb.transact_write_items#2",
    "private direct upload": "dynamodb.transact_write_items#2",
    "public direct upload": "dynamodb.transact_write_items#2",
    "publish": "dynamodb.transact_write_items#2",
    "request of a missing rendition of a private image": "dynamodb.transact_write_items#1",
    "request of a missing rendition of a public image": "dynamodb.transact_write_items#1",
    "look at the transform of a signed link": "dynamodb.transact_write_items#1",
    "unpublish": "dynamodb.transact_write_items#1",
    "trash": "dynamodb.transact_write_items#1",
    "restore": "dynamodb.transact_write_items#1",
    "permanent delete": "dynamodb.transact_write_items#1",
}
