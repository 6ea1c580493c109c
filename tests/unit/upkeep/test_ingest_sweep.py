"""Dropped objects whose event was lost are announced again, once (A15)."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.ingest import (
    ANNOUNCEMENT_LIFETIME,
    OBJECT_LIFETIME,
    RESULT_LIFETIME,
    DroppedObject,
)
from image_store.ports.images import IngestEvents
from image_store.services.upkeep.ingest_sweep import EVENTS_TAKE, REST, IngestSweep, SweepReport
from tests.fakes.object_store import MemoryIngestBucket
from tests.fakes.store import Store
from tests.samples import PICTURE

KEY = "ingest/alice/cat.png"


@pytest.fixture
def store() -> Store:
    return Store()


def sweep(store: Store, *, time: timedelta = timedelta(minutes=5)) -> SweepReport:
    return store.app.upkeep.ingest_sweep.run(until=store.clock.now() + time)


def ingest(store: Store, dropped: DroppedObject) -> None:
    assert store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50)) is not None


def wait(store: Store, time: timedelta) -> None:
    store.clock.instant += time


def test_objects_whose_event_was_lost_are_announced(store: Store) -> None:
    lost = store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)

    report = sweep(store)

    assert store.events.announced == [lost]
    assert report == SweepReport(examined=1, announced=1)


def test_what_is_announced_becomes_one_image(store: Store) -> None:
    store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)
    sweep(store)

    for dropped in store.events.announced * 2:
        ingest(store, dropped)

    assert len(store.repository.records) == 1


def test_what_became_an_image_is_not_announced_for_as_long_as_the_bucket_keeps_it(store: Store) -> None:
    ingest(store, store.ingested.drop(KEY, PICTURE))

    for _ in range(14 * 24):
        wait(store, timedelta(hours=1))
        sweep(store)

    assert store.events.announced == []


def test_each_version_counts_on_its_own(store: Store) -> None:
    ingest(store, store.ingested.drop(KEY, PICTURE))
    lost = store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)

    sweep(store)

    assert store.events.announced == [lost]


def test_what_was_refused_is_not_announced(store: Store) -> None:
    store.ingestion.refuse(store.ingested.drop(KEY, b"no image"))

    for _ in range(14 * 24):
        wait(store, timedelta(hours=1))
        sweep(store)

    assert store.events.announced == []


@pytest.mark.parametrize(
    ("age", "announced"),
    [
        (EVENTS_TAKE - timedelta(seconds=1), 0),
        (EVENTS_TAKE, 1),
        (OBJECT_LIFETIME - timedelta(seconds=1), 1),
        (OBJECT_LIFETIME, 0),
    ],
)
def test_events_have_their_time_and_what_expires_is_left_alone(
    store: Store, age: timedelta, announced: int
) -> None:
    store.ingested.drop(KEY, PICTURE)
    wait(store, age)

    assert sweep(store).announced == announced


def test_objects_outside_the_ingest_prefix_are_not_announced(store: Store) -> None:
    store.ingested.drop("other/cat.png", PICTURE)
    wait(store, EVENTS_TAKE)

    assert sweep(store) == SweepReport()


def test_an_object_that_fails_again_and_again_is_announced_once_a_day(store: Store) -> None:
    store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)
    sweep(store)

    wait(store, ANNOUNCEMENT_LIFETIME)
    early = sweep(store)
    wait(store, REST)
    late = sweep(store)

    assert (early.announced, late.announced) == (0, 1)


def test_after_a_whole_pass_the_sweep_rests(store: Store) -> None:
    sweep(store)

    wait(store, REST - timedelta(seconds=1))
    resting = sweep(store)
    wait(store, timedelta(seconds=1))
    again = sweep(store)

    assert (resting.stopped_because, again.stopped_because) == ("resting", None)


def test_a_run_without_time_left_does_nothing(store: Store) -> None:
    store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)

    report = sweep(store, time=timedelta(0))

    assert report == SweepReport(stopped_because="deadline")
    assert sweep(store).announced == 1


class Slow(IngestEvents):
    """Takes a minute for each object."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def announce(self, dropped: DroppedObject) -> None:
        self.store.events.announce(dropped)
        wait(self.store, timedelta(minutes=1))


def test_a_run_continues_where_the_last_one_stopped(store: Store) -> None:
    store.ingested = MemoryIngestBucket("ingest", clock=store.clock, page=2)
    lost = [store.ingested.drop(f"ingest/alice/{number}.png", PICTURE) for number in range(5)]
    wait(store, EVENTS_TAKE)
    slow = IngestSweep(bucket=store.ingested, notes=store.repository, events=Slow(store), clock=store.clock)

    reports = [slow.run(until=store.clock.now() + timedelta(minutes=2)) for _ in range(3)]

    assert store.events.announced == lost
    assert [report.examined for report in reports] == [2, 2, 1]
    assert [report.stopped_because for report in reports] == ["deadline", "deadline", None]


class Away(IngestEvents):
    """A queue that takes nothing."""

    def announce(self, dropped: DroppedObject) -> None:
        raise StorageUnavailable("The queue is away.")


def test_what_a_queue_did_not_take_is_announced_by_the_next_run(store: Store) -> None:
    lost = store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)
    failing = IngestSweep(bucket=store.ingested, notes=store.repository, events=Away(), clock=store.clock)

    report = failing.run(until=store.clock.now() + timedelta(minutes=1))

    assert (report.announced, report.stopped_because) == (0, "storage_unavailable")
    sweep(store)
    assert store.events.announced == [lost]


def test_a_table_that_is_away_ends_the_run_and_announces_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Collection[str], *, at: datetime) -> set[str]:
        raise StorageUnavailable("The table is away.")

    store.ingested.drop(KEY, PICTURE)
    wait(store, EVENTS_TAKE)
    monkeypatch.setattr(store.repository, "find_settled", away)

    assert sweep(store).stopped_because == "storage_unavailable"
    assert store.events.announced == []


def test_objects_are_remembered_for_longer_than_they_are_looked_for() -> None:
    assert RESULT_LIFETIME > OBJECT_LIFETIME + EVENTS_TAKE
