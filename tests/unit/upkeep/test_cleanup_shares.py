"""How a run of cleanup divides its time: a backlog of one phase does not stop the others."""

from datetime import timedelta

import pytest

from image_store.domain.images.image import Image
from image_store.domain.upkeep.cleanup import GRACE
from image_store.services.upkeep.cleanup import objects, run
from tests.fakes.store import Store
from tests.samples import PICTURE, TRASH_RETENTION

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def store() -> Store:
    return Store()


def slow_reads(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each due image takes a few seconds."""
    get = store.repository.get

    def slow_get(image_id: str) -> Image | None:
        store.clock.instant += SECOND
        return get(image_id)

    monkeypatch.setattr(store.repository, "get", slow_get)


def small_slices(monkeypatch: pytest.MonkeyPatch, objects_a_slice: int) -> None:
    monkeypatch.setattr(objects, "PAGE_OBJECTS", objects_a_slice)
    monkeypatch.setattr(run, "OBJECTS_A_SLICE", objects_a_slice)


def in_the_trash(store: Store, count: int) -> None:
    for number in range(count):
        store.delete(store.upload(data=PICTURE + bytes([number])))
    store.clock.instant += TRASH_RETENTION


def test_a_backlog_of_due_images_takes_half_of_the_time_and_the_sweeps_have_their_turn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = store.private_orphan()
    in_the_trash(store, 8)
    slow_reads(store, monkeypatch)

    report = store.cleanup.run(until=store.clock.now() + 16 * SECOND)

    assert orphan not in store.private.objects
    assert (report.orphans, report.stopped_because) == (1, "deadline")
    assert 1 < report.collected["trash"] < 8


def test_the_time_that_sweeps_leave_belongs_to_the_due_images(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_trash(store, 6)
    slow_reads(store, monkeypatch)

    report = store.cleanup.run(until=store.clock.now() + 60 * SECOND)

    assert (report.collected["trash"], report.stopped_because) == (6, None)


def test_a_run_examines_as_many_slices_as_it_has_time_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch, 1)
    for _ in range(5):
        store.private_orphan()
    store.clock.instant += GRACE + MINUTE

    report = store.collect()

    assert (report.orphans, report.stopped_because) == (5, None)
    assert store.private.objects == {}


@pytest.mark.parametrize(
    "options", [{"dry_run": True}, {"reconcile": True}], ids=lambda options: next(iter(options))
)
def test_a_run_that_saves_no_position_or_reconciles_examines_one_slice(
    store: Store, monkeypatch: pytest.MonkeyPatch, options: dict[str, bool]
) -> None:
    small_slices(monkeypatch, 2)
    for _ in range(5):
        store.private_orphan()
    store.clock.instant += GRACE + MINUTE

    assert store.collect(**options).orphans == 2


def test_a_later_slice_over_the_cap_is_left_to_the_next_run_which_has_its_own_cap(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch, 8)
    for _ in range(15):
        store.private_orphan()
    store.clock.instant += GRACE + MINUTE

    first, second = store.collect(), store.collect()

    assert (first.orphans, first.stopped_because) == (8, None)
    assert (second.orphans, second.stopped_because) == (7, None)
    assert store.private.objects == {}


def test_a_first_slice_over_the_cap_stops_the_run_and_removes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch, 20)
    for _ in range(20):
        store.private_orphan()
    store.clock.instant += GRACE + MINUTE

    report = store.collect()

    assert (report.orphans, report.stopped_because) == (0, "cap")
    assert len(store.private.objects) == 20


def test_a_slow_bucket_does_not_take_the_time_of_the_other_sweeps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_slices(monkeypatch, 1)
    for _ in range(20):
        store.private_orphan()
    stray = store.strew(store.public, f"p/{0:022}/thumb.webp")
    store.clock.instant += GRACE + MINUTE
    get_records = store.repository.get_records

    def slow_get_records(image_ids: set[str]) -> object:
        store.clock.instant += MINUTE
        return get_records(image_ids)

    monkeypatch.setattr(store.repository, "get_records", slow_get_records)

    report = store.collect()

    assert report.stopped_because == "deadline"
    assert stray not in store.public.objects
    assert store.housekeeping.positions["private"].after
    assert store.housekeeping.positions["records"].after is None
