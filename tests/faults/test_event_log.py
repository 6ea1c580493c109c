"""A reader of the event log misses nothing, however writers and readers take turns.

Writers look at the clock, and their rows appear some time later, in any order. One that took too long, or whose
response was lost, writes again, or stops, and the stream hands the same change to another. Clocks differ as much as
they may. Readers read pages of any size at any time.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.events.log import (
    LARGEST_CLOCK_DIFFERENCE,
    LONGEST_WRITE,
    SETTLING,
    place_of,
    was_in_time,
)
from image_store.services.events.feed import EventFeed, EventQuery
from image_store.services.finding.cursors import Cursors
from tests.fakes.clock import SetClock
from tests.fakes.event_log import MemoryEventLog
from tests.samples import SIGNING_KEYS, START

EVENTS = 60
WRITERS = 4


@dataclass
class Store:
    """A log that several writers fill, and one reader of it."""

    random: random.Random
    clock: SetClock = field(default_factory=SetClock)
    """The true time, as the log's store has it."""
    longest_difference: timedelta = LARGEST_CLOCK_DIFFERENCE

    def __post_init__(self) -> None:
        self.log = MemoryEventLog(self.clock)
        # Clocks around the true one that differ from each other by at most the allowed time.
        half = self.longest_difference / 2
        self.clocks = [half * self.random.uniform(-1, 1) for _ in range(WRITERS + 1)]
        self.appearing: list[tuple[datetime, str, Event]] = []
        self.committed: list[Event] = []
        self.to_write = [_event(number) for number in range(EVENTS)]
        self.feed = EventFeed(
            log=self.log,
            cursors=Cursors(keys=lambda: SIGNING_KEYS),
            clock=self._reader_clock(),
            sleep=lambda _: None,
        )
        self.cursor: str | None = None
        self.read: list[str] = []

    def _reader_clock(self) -> SetClock:
        store = self

        class Shifted(SetClock):
            def now(self) -> datetime:
                return store.clock.instant + store.clocks[0]

        return Shifted()

    def pass_time(self) -> None:
        self.clock.instant += timedelta(seconds=self.random.expovariate(2))
        due = [each for each in self.appearing if each[0] <= self.clock.instant]
        self.appearing = [each for each in self.appearing if each[0] > self.clock.instant]
        for _, place, event in due:
            self.log.add(place, event)

    def write(self) -> None:
        """One try at one of the events: its row appears before the response, and either may never come."""
        if not self.to_write:
            return
        event = self.random.choice(self.to_write[:8])
        shift = self.clocks[self.random.randrange(1, WRITERS + 1)]
        started = self.clock.instant + shift
        takes = LONGEST_WRITE * self.random.choice((0, 0.2, 0.9, 1, 1.5, 20))
        response_takes = LONGEST_WRITE * self.random.choice((0, 0.3, 2))
        row_is_lost = self.random.random() < 0.1
        if not row_is_lost:
            self.appearing.append((self.clock.instant + takes, place_of(event.id, started), event))
        was_answered = not row_is_lost and self.random.random() < 0.8
        in_time = was_in_time(started, started + takes + response_takes)
        if was_answered and in_time:  # else the change is still to be written: by this writer or another
            self.to_write.remove(event)

    def read_page(self) -> int:
        query = EventQuery(owner="alice", after=self.cursor, limit=self.random.choice((1, 3, 50)))
        page = self.feed.read(query, deadline=self.clock.instant)
        self.cursor = page.next_cursor
        self.read += [event.id for event in page.events]
        return len(page.events)


def _event(number: int) -> Event:
    return new_event(
        EventType.IMAGE_CREATED, change=(str(number),), at=START, owner="alice", data={"number": number}
    )


def run(store: Store) -> None:
    for _ in range(5_000):
        store.random.choice((store.pass_time, store.write, store.read_page))()
        if not store.to_write and not store.appearing:
            break
    assert not store.to_write, "the history is too short"
    store.clock.instant += timedelta(minutes=5)
    store.pass_time()
    while store.read_page():
        pass


@pytest.mark.parametrize("seed", range(30))
def test_every_event_is_read_at_least_once(seed: int) -> None:
    store = Store(random.Random(seed))  # noqa: S311 - repeatable, not secret

    run(store)

    assert set(store.read) == {_event(number).id for number in range(EVENTS)}


@pytest.mark.parametrize("seed", range(10))
def test_an_event_at_one_place_is_read_exactly_once(seed: int) -> None:
    store = Store(random.Random(seed))  # noqa: S311 - repeatable, not secret

    run(store)

    places: dict[str, int] = {}
    for row in store.log.rows:
        places[row.event.id] = places.get(row.event.id, 0) + 1
    once = {event_id for event_id, number in places.items() if number == 1}
    assert once
    assert sorted(each for each in store.read if each in once) == sorted(once)


def test_clocks_that_differ_by_more_than_is_allowed_lose_events() -> None:
    """The test above can fail: its promise depends on the clocks."""
    missed = 0
    for seed in range(10):
        store = Store(random.Random(seed), longest_difference=4 * SETTLING)  # noqa: S311 - as above
        run(store)
        missed += len({_event(number).id for number in range(EVENTS)} - set(store.read))

    assert missed
