"""One operation in the fault matrix: how it is run with a fault, and which calls it makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from image_store.domain.callers.api_keys import ApiKey
from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.errors import ImageStoreError
from image_store.domain.images.image import Image
from image_store.domain.images.ingest import DroppedObject
from image_store.domain.upkeep.importing import Import
from image_store.domain.upkeep.migration import Migration
from image_store.domain.webhooks.deliveries import EventDelivery
from image_store.services.images.direct_uploads import Ticket
from image_store.services.webhooks.administration import IssuedWebhook
from tests.faults.faults import Killed, Mode
from tests.faults.moments import Moment, contents_of
from tests.faults.roles import ROLES
from tests.faults.soundness import assert_sound
from tests.faults.world import World
from tests.roles.comparison import USED

SHARED = (ROLES, USED)
"""What all worlds have in common, and what their functions were seen to use."""


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
        | Import
        | tuple[Image, ...]
        | tuple[ApiKey, str]
        | UploadToken
        | tuple[UploadToken, Ticket]
        | IssuedWebhook
        | tuple[IssuedWebhook, EventDelivery]
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


class Rehearsal:
    """One operation in a world that is prepared for it once and set back before each run.

    Faults of many kinds leave the same state. What comes after it is the same too, and is looked at once.
    """

    def __init__(self, world: World, operation: Operation) -> None:
        self.world = world
        self._operation = operation
        self._before = operation.prepare(world)
        self._prepared = Moment(world, self._before, shared=SHARED)
        self._sound: list[object] = []

    @cached_property
    def calls(self) -> Sequence[str]:
        """The calls of a run without a fault; they are the same in every run."""
        self._prepared.restore()
        self.world.faults.begin()
        self._operation.act(self.world, self._before)
        return tuple(self.world.faults.calls)

    def run(self, at: str | None, mode: Mode) -> None:
        """Do it with one fault, let cleanup have its way, and look."""
        world, operation, before = self.world, self._operation, self._before
        self._prepared.restore()
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
        outcome = (heard, answer, world.faults.happened, contents_of(world))
        if outcome in self._sound:
            return
        world.settle()
        assert_sound(world)
        operation.whatever(world, before)
        if heard:
            operation.acknowledged(world, before, answer)
        self._sound.append(outcome)

    def run_unnoticed(self, at: str, mode: Mode) -> None:
        """Do it with a fault that its caller hears nothing of, and find it acknowledged nevertheless."""
        world, operation, before = self.world, self._operation, self._before
        self._prepared.restore()
        world.faults.begin(at, mode)

        answer = operation.act(world, before)

        assert world.faults.happened
        world.settle()
        assert_sound(world)
        operation.acknowledged(world, before, answer)


def run(world: World, operation: Operation, *, at: str | None, mode: Mode) -> None:
    """Do it once, with one fault or with none."""
    Rehearsal(world, operation).run(at, mode)


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
