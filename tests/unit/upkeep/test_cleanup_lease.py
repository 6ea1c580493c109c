"""Two runs at once: one works, the other says so, and one that lost its lease writes nothing more."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Visibility
from image_store.domain.images.quota import Usage
from image_store.domain.upkeep.cleanup import GRACE, LONGEST_HOLD, CleanupReport, PassPosition
from tests.fakes.store import Store
from tests.samples import OWNER, TRASH_RETENTION

MOMENT = timedelta(microseconds=1)
PUBLIC = Attributes(visibility=Visibility.PUBLIC)
LEASE = timedelta(minutes=16)
"""What the longest function may take, and the margin."""


@pytest.fixture
def store() -> Store:
    """A store whose trash is to be emptied, and with an orphan."""
    store = Store()
    store.delete(store.upload(PUBLIC))
    store.private_orphan()
    store.clock.instant += max(TRASH_RETENTION, GRACE + MOMENT)
    return store


def meanwhile(store: Store, *, at: str, act: Callable[[], object]) -> None:
    """Let something happen once, just before the first step of that name."""
    if at == "row":
        store.repository.meanwhile = act
        return
    owner = store.private if at == "list" else store.housekeeping
    step = getattr(owner, at)

    def acting(*given: object, **named: object) -> object:
        setattr(owner, at, step)
        act()
        return step(*given, **named)

    setattr(owner, at, acting)


STEPS = ["row", "list", "position", "move", "keep_report"]


@pytest.mark.parametrize("at", STEPS)
def test_a_second_run_changes_nothing_and_says_that_there_is_another(store: Store, at: str) -> None:
    second: list[CleanupReport] = []
    meanwhile(store, at=at, act=lambda: second.append(store.collect()))

    first = store.collect()

    assert [(report.stopped_because, report.collected) for report in second] == [("another_run", {})]
    assert second[0].finished_at is not None
    assert first.stopped_because is None
    assert first.collected == {"trash": 1, "orphans": 1}
    assert [report.id for report in store.housekeeping.reports(limit=9)] == [first.id]


@pytest.mark.parametrize("at", STEPS)
def test_a_run_that_lost_its_lease_writes_nothing_more_and_harms_nothing(store: Store, at: str) -> None:
    second: list[CleanupReport] = []
    seen: list[object] = []

    def paused() -> None:
        store.clock.instant += LEASE + MOMENT
        second.append(store.collect())
        seen.append((dict(store.housekeeping.positions), store.housekeeping.reports(limit=9)))

    meanwhile(store, at=at, act=paused)

    first = store.cleanup.run(until=store.clock.now() + timedelta(minutes=15))

    assert second[0].stopped_because is None
    assert first.stopped_because in {"another_run", "deadline"}
    assert (dict(store.housekeeping.positions), store.housekeeping.reports(limit=9)) == seen[0]
    assert [report.id for report in store.housekeeping.reports(limit=9)] == [second[0].id]
    assert sum(report.collected["trash"] for report in (first, *second)) == 1
    assert store.repository.usage(OWNER) == Usage(0, 0)
    assert store.private.objects == store.public.objects == {}


def test_a_run_gives_its_lease_back_even_when_it_stopped(store: Store) -> None:
    report = store.cleanup.run(until=store.clock.now())

    assert report.stopped_because == "deadline"
    assert store.collect().stopped_because is None


def test_a_dead_run_delays_the_next_only_until_its_lease_ends(store: Store) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    meanwhile(store, at="list", act=die)
    with pytest.raises(KeyboardInterrupt):
        store.collect()

    assert store.collect().stopped_because == "another_run"
    store.clock.instant += LEASE
    assert store.collect().stopped_because == "another_run"
    store.clock.instant += MOMENT
    assert store.collect().collected["orphans"] == 1


def test_a_dead_run_does_not_delay_its_successor(store: Store) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    meanwhile(store, at="list", act=die)
    with pytest.raises(KeyboardInterrupt):
        store.collect()

    assert store.collect(take_over=True).collected["orphans"] == 1


def test_a_dry_run_needs_no_lease(store: Store) -> None:
    now = store.clock.now()
    store.housekeeping.take_lease(holder="another", at=now, until=now + LEASE)

    assert store.collect(dry_run=True).collected == {"trash": 1, "orphans": 1}


def test_without_an_answer_to_the_lease_nothing_is_done(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        raise StorageUnavailable("The table is away.")

    monkeypatch.setattr(store.housekeeping, "take_lease", away)
    before = store.contents()

    with pytest.raises(StorageUnavailable):
        store.collect()

    assert store.contents() == before


@pytest.mark.parametrize("at", ["position", "move"])
def test_a_position_that_cannot_be_read_or_kept_delays_neither_the_other_sweeps_nor_the_report(
    store: Store, at: str
) -> None:
    def away() -> None:
        raise StorageUnavailable("The table is away.")

    meanwhile(store, at=at, act=away)

    report = store.collect()

    assert report.failed == 1
    assert set(store.housekeeping.positions) == {"public", "records"}
    assert [report.failed for report in store.housekeeping.reports(limit=9)] == [1]
    assert store.collect().stopped_because is None
    assert store.housekeeping.positions["private"].after is None


def test_a_report_that_cannot_be_kept_is_a_failure_of_the_run(store: Store) -> None:
    def away() -> None:
        raise StorageUnavailable("The table is away.")

    meanwhile(store, at="keep_report", act=away)

    report = store.collect()

    assert (report.failed, report.collected) == (1, {"trash": 1, "orphans": 1})
    assert store.housekeeping.reports(limit=9) == []


def test_a_run_that_found_all_passes_over_leaves_their_positions(store: Store) -> None:
    store.collect()
    before = dict(store.housekeeping.positions)
    store.clock.instant += timedelta(hours=1)

    store.collect()

    assert store.housekeeping.positions == before
    assert set(before) == {"private", "public", "records"}
    assert all(isinstance(position, PassPosition) and position.after is None for position in before.values())


# While images are being restored ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [{}, {"reconcile": True, "take_over": True}, {"on_demand": True}], ids=str)
def test_nothing_is_collected_while_images_are_being_restored(store: Store, kind: dict[str, bool]) -> None:
    hold(store)
    before = store.contents()

    report = store.collect(**kind, most_removals=1_000)

    assert (report.stopped_because, report.collected) == ("restore", {})
    assert store.contents() == before


def test_a_run_after_the_restore_collects_everything(store: Store) -> None:
    hold(store)
    store.collect()

    store.housekeeping.end_hold("a restore")

    assert store.collect().collected


def test_a_restore_that_was_forgotten_does_not_stop_cleanup_for_ever(store: Store) -> None:
    hold(store)
    store.clock.instant += LONGEST_HOLD + MOMENT

    assert store.collect().stopped_because is None


def test_a_dry_run_during_a_restore_still_counts(store: Store) -> None:
    hold(store)

    assert store.collect(dry_run=True).collected


def hold(store: Store) -> None:
    now = store.clock.now()
    assert store.housekeeping.hold(holder="a restore", at=now, until=now + LONGEST_HOLD)
