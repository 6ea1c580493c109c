"""Every committed change leads to its events, whatever fails between the stream, the log and the bus.

The function behind the stream has each of its calls fail in each way, and reads the batch again. Then a consumer of
events that keeps a dictionary of images has what the store has, after any history on failing storage.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from image_store.domain.events.event import Event, EventType, event_body
from image_store.domain.images.image import Visibility
from tests.faults.event_stream import Follower, StreamedDynamo
from tests.faults.faults import CONFLICTS, Mode, may_conflict, naming_fault
from tests.faults.moments import Moment
from tests.faults.operation import SHARED
from tests.faults.test_any_history import History, let_run
from tests.faults.world import World

HISTORIES = 25
OFTEN_DISTURBED = st.one_of(st.none(), st.tuples(st.integers(0, 8), st.sampled_from(Mode), st.none()))


class Consumption:
    """A world with changes that are not consumed yet, set back before each run."""

    def __init__(self) -> None:
        world = World(StreamedDynamo())
        self.follower = Follower(world)
        image = world.upload(Visibility.PUBLIC)
        world.show(image, Visibility.PRIVATE)
        world.delete_id(image.record.id, permanent=False)
        world.restore_id(image.record.id)
        world.delete_id(image.record.id, permanent=True)
        self._prepared = Moment(self.follower, shared=SHARED)

    @property
    def world(self) -> World:
        return self.follower.world

    @cached_property
    def calls(self) -> Sequence[str]:
        """The calls of a run without a fault."""
        self.run(None, Mode.ERROR_BEFORE)
        return tuple(self.world.faults.calls)

    def run(self, at: str | None, mode: Mode) -> None:
        """Consume the changes with one fault, then read what is left of the batch again."""
        self._prepared.restore()
        self.world.faults.begin(at, mode)
        self.follower.consume()
        self.world.faults.end()
        assert self.world.faults.happened == (at is not None)
        if at is not None:
            self.follower.consume_all()


def bodies(events: Sequence[Event]) -> dict[str, Any]:
    return {event.id: event_body(event) for event in events}


@pytest.fixture(scope="module")
def consumption() -> Consumption:
    return Consumption()


def assert_complete(consumption: Consumption) -> None:
    follower = consumption.follower
    expected = bodies(follower.committed())

    assert bodies(list(follower.read())) == expected
    assert {each["Detail"]["id"]: each["Detail"] for each in consumption.world.event_bridge.taken} == expected


def test_the_changes_of_an_image_have_all_of_its_events(consumption: Consumption) -> None:
    consumption.run(None, Mode.ERROR_BEFORE)

    assert_complete(consumption)
    types = [event.type for event in consumption.follower.read()]
    assert len(types) == len(consumption.follower.committed())
    assert set(types) == {kind for kind in EventType if kind.startswith("image.")}


def test_the_log_and_the_bus_are_called_once_for_a_batch(consumption: Consumption) -> None:
    named = [call.partition("#")[0] for call in consumption.calls]

    assert named.count("dynamodb.batch_write_item") >= 1
    assert named.count("bus.put_events") == 1


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in CONFLICTS])
def test_a_batch_that_fails_anywhere_is_complete_when_it_was_read_again(
    consumption: Consumption, mode: Mode
) -> None:
    for at in consumption.calls:
        with naming_fault(f"{mode} at {at}"):
            consumption.run(at, mode)
            assert_complete(consumption)


@pytest.mark.parametrize("mode", sorted(CONFLICTS))
def test_a_transaction_that_holds_a_row_of_the_batch_loses_no_event(
    consumption: Consumption, mode: Mode
) -> None:
    for at in filter(may_conflict, consumption.calls):
        with naming_fault(f"{mode} at {at}"):
            consumption.run(at, mode)
            assert_complete(consumption)


class Consumer:
    """What an app keeps about images that it hears of: by id, where each is and who may see it."""

    def __init__(self) -> None:
        self.images: dict[str, tuple[str, str]] = {}
        self._handled: set[str] = set()
        self._versions: dict[str, int] = {}
        """The highest version of each image, also of one that is gone."""

    def handle(self, event: Event) -> None:
        """Follow an event, as docs/events.md says: each id once, and no lower version than the last one."""
        image_id, version = event.data["image_id"], event.data["version"]
        if event.id in self._handled or version < self._versions.get(image_id, 0):
            return
        self._handled.add(event.id)
        self._versions[image_id] = version
        place = "trashed" if event.type is EventType.IMAGE_TRASHED else "ready"
        if event.type in {EventType.IMAGE_UPDATED, EventType.IMAGE_PUBLISHED, EventType.IMAGE_UNPUBLISHED}:
            place, _ = self.images.get(image_id, (place, ""))
        self.images[image_id] = (place, event.data["visibility"])
        if event.type is EventType.IMAGE_DELETED:
            del self.images[image_id]


class FollowedHistory(History):
    """A history whose stream is consumed now and then, on the same failing storage."""

    def __init__(self) -> None:
        super().__init__()
        self.follower = Follower(self.world)

    def new_client(self) -> Any:
        return StreamedDynamo()

    @rule(most=st.integers(1, 30), disturbance=OFTEN_DISTURBED)
    def follow(self, most: int, disturbance: Any) -> None:
        with self._disturbed(disturbance, timedelta(0), lambda: None):
            self.follower.consume(most)

    def teardown(self) -> None:
        super().teardown()
        self.follower.consume_all()
        consumer = Consumer()
        for event in self.follower.read(limit=7):
            consumer.handle(event)

        visible = [image.record for image in self.world.records() if image.record.is_visible]
        assert consumer.images == {
            record.id: (record.state.value, record.visibility.value) for record in visible
        }


def test_a_dictionary_of_a_consumer_of_events_is_what_the_store_has() -> None:
    let_run(settings(max_examples=HISTORIES, print_blob=True), FollowedHistory)


def test_a_consumer_that_hears_nothing_has_something_else() -> None:
    """The test above can fail."""

    history = type("Unheard", (FollowedHistory,), {"parts": {}})()
    history.world.app.ports.event_reader = lambda _: []

    with pytest.raises(AssertionError, match="public"):
        history.teardown()
