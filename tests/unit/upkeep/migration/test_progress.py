"""Batches, messages and workers that die: every record once (A16)."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.reservation import Reservation
from image_store.domain.upkeep.migration import Migration, MigrationStatus
from image_store.domain.work import MigrateBatch
from image_store.services.upkeep.migration.run import ROOM_FOR_ONE
from tests.fakes.store import Store
from tests.faults.faults import Killed
from tests.unit.upkeep.migration.records import (
    HOUR,
    begin,
    finish,
    images_of,
    lines,
    migrate,
    new_store,
    numbers,
    put,
    receive,
    record,
)


@pytest.mark.parametrize("records", [0, 1, 2, 3, 4, 5, 6])
def test_progress_is_saved_after_each_batch(store: Store, records: int) -> None:
    done = migrate(store, *map(record, range(records)), batch_size=3)

    assert numbers(done) == (records, records, 0, 0, 0)
    seen = [saved.tally.seen for saved in store.migrations.saved]
    assert max(after - before for before, after in pairwise(seen)) <= 3
    assert [saved.step for saved in store.migrations.saved] == list(range(1, len(store.migrations.saved) + 1))


def test_status_total_and_what_is_left_follow_the_work(store: Store) -> None:
    put(store, lines(*map(record, range(3))))
    begun = begin(store, batch_size=2)
    seen = [(begun.status, numbers(begun))]

    while store.work.waiting:
        receive(store)
        seen.append((store.migrations.saved[-1].status, numbers(store.migrations.saved[-1])))

    assert seen == [
        (MigrationStatus.QUEUED, (None, 0, 0, None, 0)),
        (MigrationStatus.RUNNING, (3, 0, 0, 3, 0)),
        (MigrationStatus.RUNNING, (3, 2, 0, 1, 0)),
        (MigrationStatus.SUCCEEDED, (3, 3, 0, 0, 0)),
    ]


def test_a_second_migration_moves_nothing_twice(store: Store) -> None:
    first = migrate(store, record(1), record(2))
    store.clock.instant += timedelta(days=400)

    again = migrate(store, record(1), record(2), record(3))

    assert (numbers(first), numbers(again)) == ((2, 2, 0, 0, 0), (3, 1, 2, 0, 0))
    assert [len(images_of(store, f"r{number}")) for number in (1, 2, 3)] == [1, 1, 1]


def test_a_message_that_comes_twice_changes_nothing(store: Store) -> None:
    put(store, lines(*map(record, range(7))))
    begin(store, batch_size=2)

    while store.work.waiting:
        store.work.waiting.insert(0, store.work.waiting[0])
        receive(store)
        receive(store)
        assert len(store.work.waiting) <= 3
        del store.work.waiting[1:]

    assert numbers(store.migrations.saved[-1]) == (7, 7, 0, 0, 0)
    assert len(store.repository.records) == 7


def test_outdated_messages_and_those_of_unknown_migrations_are_dropped(store: Store) -> None:
    put(store, lines(*map(record, range(7))))
    migration = begin(store, batch_size=1)
    for _ in range(4):
        receive(store)
    waiting, saved = list(store.work.waiting), len(store.migrations.saved)

    for step in (1, 2, 3, 99):
        work = MigrateBatch(migration.id, step)
        store.migration_run.carry_on(work, until=store.clock.now() + HOUR)
    store.migration_run.carry_on(MigrateBatch("unknown", 1), until=store.clock.now() + HOUR)

    assert (store.work.waiting, len(store.migrations.saved)) == (waiting, saved)


def test_of_two_workers_with_one_batch_one_continues(store: Store) -> None:
    put(store, lines(*map(record, range(4))))
    begin(store, batch_size=2)
    receive(store)
    work = store.work.waiting[0]
    assert isinstance(work, MigrateBatch)
    until = store.clock.now() + HOUR

    store.repository.meanwhile = lambda: store.migration_run.carry_on(work, until=until)
    store.migration_run.carry_on(work, until=until)

    assert len(store.work.waiting) == 2
    store.work.waiting.pop(0)
    assert numbers(finish(store)) == (4, 4, 0, 0, 0)
    assert len(store.repository.records) == 4


@pytest.mark.parametrize("room", [timedelta(0), ROOM_FOR_ONE - timedelta(seconds=1)])
def test_a_worker_without_time_moves_one_record_and_sends_the_rest(store: Store, room: timedelta) -> None:
    put(store, lines(*map(record, range(3))))
    begin(store)
    while store.migrations.saved[-1].total is None:
        receive(store, room=room)
        assert store.migrations.saved[-1].counted <= 3

    receive(store, room=ROOM_FOR_ONE - timedelta(seconds=1))

    assert numbers(store.migrations.saved[-1]) == (3, 1, 0, 2, 0)
    assert numbers(finish(store)) == (3, 3, 0, 0, 0)


def test_what_is_done_before_a_failure_is_saved(store: Store) -> None:
    put(store, lines(*map(record, range(5))))
    begin(store)
    receive(store)
    table_is_back = go_away_after(store, 2)

    receive(store)
    after = numbers(store.migrations.saved[-1])
    with pytest.raises(StorageUnavailable):
        receive(store)
    table_is_back()

    assert after == (5, 2, 0, 3, 0)
    assert numbers(finish(store)) == (5, 5, 0, 0, 0)
    assert all(len(images_of(store, f"r{number}")) == 1 for number in range(5))


def go_away_after(store: Store, images: int) -> Callable[[], None]:
    """Let the table go away once so many more images are stored, until the answer is called."""
    reserve = store.repository.reserve
    left = images

    def counting(reservation: Reservation) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StorageUnavailable("The metadata store is away.")
        reserve(reservation)

    store.repository.reserve = counting  # type: ignore[method-assign]
    return lambda: setattr(store.repository, "reserve", reserve)


class Deaths:
    """Ends the worker before or after one of its calls to storage; counts them otherwise."""

    def __init__(self, store: Store, at: int | None, *, after: bool) -> None:
        self.calls = 0
        self._at = at
        self._after = after
        for part, names in (
            (store.repository, ("reserve", "replace", "idempotency", "get")),
            (store.private, ("put",)),
            (store.ingested, ("head", "get_part")),
            (store.migrations, ("get", "save")),
            (store.work, ("send",)),
        ):
            for name in names:
                setattr(part, name, self._watched(getattr(part, name)))

    def _watched(self, call: Any) -> Any:
        def watched(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            dies = self.calls == self._at
            if dies and not self._after:
                raise Killed
            answer = call(*arguments, **named)
            if dies:
                raise Killed
            return answer

        return watched


def survive(store: Store) -> Migration:
    """Do all work; a message whose worker dies comes again once its reservations are over."""
    for _ in range(100):
        if not store.work.waiting:
            break
        try:
            receive(store)
        except Killed:
            store.clock.instant += timedelta(minutes=12)
    return store.migrations.saved[-1]


def of_five(at: int | None, *, after: bool) -> tuple[Store, Deaths, Migration]:
    store = new_store()
    put(store, lines(*map(record, range(4)), {"id": "bad"}))
    begin(store, batch_size=2)
    deaths = Deaths(store, at, after=after)
    return store, deaths, survive(store)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_call_loses_nothing_and_doubles_nothing(after: bool) -> None:
    _, undisturbed, _ = of_five(None, after=after)

    for at in range(1, undisturbed.calls + 1):
        store, _, done = of_five(at, after=after)

        assert (at, done.status, numbers(done)) == (at, MigrationStatus.SUCCEEDED, (5, 4, 0, 0, 1))
        assert all(len(images_of(store, f"r{number}")) == 1 for number in range(4))
