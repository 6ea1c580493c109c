"""What stops a run that would remove too much, and what a dry run tells of it (D2)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Kind, Visibility
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.domain.upkeep.cleanup import GRACE, CleanupReport, Policy
from image_store.services.upkeep.cleanup.allowance import ALWAYS_ALLOWED, Allowance
from tests.fakes.store import Store
from tests.samples import PICTURE

MOMENT = timedelta(microseconds=1)
PUBLIC = Attributes(visibility=Visibility.PUBLIC)


def with_orphans(orphans: int, *, unknown: int = 0, most_removals: int = 1_000) -> Store:
    """A store with as many orphans, among objects that are nobody's business."""
    store = Store(most_removals=most_removals)
    for _ in range(orphans):
        store.private_orphan()
    for number in range(unknown):
        store.strew(store.private, f"elsewhere/{number:06}")
    store.clock.instant += GRACE + MOMENT
    return store


@pytest.mark.parametrize(
    ("orphans", "unknown", "stopped"),
    [
        (ALWAYS_ALLOWED, 0, None),
        (ALWAYS_ALLOWED + 1, 0, "cap"),
        (ALWAYS_ALLOWED + 1, 1_100 - 12, "cap"),
        (ALWAYS_ALLOWED + 1, 1_100 - 11, None),
    ],
)
def test_beyond_ten_no_more_than_one_in_a_hundred_goes(
    orphans: int, unknown: int, stopped: str | None
) -> None:
    store = with_orphans(orphans, unknown=unknown)

    report = store.collect()

    assert report.stopped_because == stopped
    assert report.orphans == (0 if stopped else orphans)
    assert len(store.private.objects) == unknown + (orphans if stopped else 0)
    assert ("private" in store.housekeeping.positions) == (stopped is None)


def test_a_run_that_stopped_at_its_cap_sweeps_nothing_else() -> None:
    store = with_orphans(11)
    store.strew(store.public, f"p/{'B' * 22}/thumb.webp")

    store.collect()

    assert len(store.public.objects) == 1
    assert store.housekeeping.positions == {}


def test_the_deployments_cap_holds_below_ten_as_well() -> None:
    store = with_orphans(3, most_removals=2)

    report = store.collect()

    assert (report.stopped_because, len(store.private.objects)) == ("cap", 3)


@pytest.mark.parametrize(("named", "stopped"), [(49, "cap"), (50, None), (0, "cap")])
def test_the_number_that_a_person_names_counts_alone(named: int, stopped: str | None) -> None:
    store = with_orphans(50, most_removals=2)

    report = store.collect(most_removals=named)

    assert report.stopped_because == stopped
    assert len(store.private.objects) == (50 if stopped else 0)


def test_reconciling_stops_at_the_cap_too() -> None:
    store = with_orphans(11)

    report = store.collect(reconcile=True)

    assert (report.stopped_because, len(store.private.objects)) == ("cap", 11)


def test_all_sweeps_of_a_run_share_one_allowance() -> None:
    store = with_orphans(6)
    for number in range(6):
        store.strew(store.public, f"p/{number:022}/thumb.webp")
    store.clock.instant += GRACE + MOMENT

    report = store.collect()

    assert (report.orphans, report.stopped_because) == (6, "cap")
    assert len(store.public.objects) == 6


def test_records_without_their_originals_stop_at_the_cap_as_well() -> None:
    store = Store()
    for number in range(11):
        store.upload(data=PICTURE + bytes([number]))
    store.private.objects.clear()
    before = dict(store.repository.records)
    store.clock.instant += GRACE + MOMENT

    report = store.collect()

    assert (report.dangling, report.stopped_because) == (0, "cap")
    assert store.repository.records == before
    assert "records" not in store.housekeeping.positions


def test_what_rows_ask_for_is_not_counted_against_the_cap() -> None:
    store = Store(most_removals=0)
    for number in range(20):
        store.delete(store.upload(data=PICTURE + bytes([number])), permanent=True)
    store.clock.instant += TOMBSTONE_GRACE

    assert store.collect().collected == {"tombstones": 20}


def test_an_allowance_is_taken_completely_or_not_at_all() -> None:
    allowance = Allowance(most=10)

    assert allowance.take_for_sweep(6, examined=0)
    assert not allowance.take_for_sweep(5, examined=0)
    assert allowance.take(4)
    assert not allowance.take(1)


# Dry runs ---------------------------------------------------------------------------------------------


def crowded() -> tuple[Store, list[str]]:
    """A store with something for every phase to do, and the names of all counts that are not 0 then."""
    policies = [
        Policy(kind=Kind.UPLOAD, category="old", keep_newest=1),
        Policy(kind=Kind.UPLOAD, older_than=timedelta(days=60), keep_newest=2),
    ]
    store = Store(policies=policies)

    def upload(attributes: Attributes = PUBLIC) -> object:
        return store.upload(attributes, data=PICTURE + store.ids.attempt().encode())

    for number in range(3):
        upload(replace(PUBLIC, category="old"))
        store.clock.instant += timedelta(minutes=number)
    lost = store.upload(data=PICTURE + b"lost", attributes=Attributes(kind=Kind.GENERATED))
    shabby = store.upload(data=PICTURE + b"shabby", attributes=Attributes(kind=Kind.GENERATED))
    store.private.objects.pop(lost.record.original_key)
    store.private.objects.pop(shabby.record.private_keys[1])
    upload(replace(PUBLIC, expires_at=store.clock.now() + timedelta(days=1)))
    overdue = store.upload(
        replace(PUBLIC, kind=Kind.GENERATED, expires_at=store.clock.now() + timedelta(days=1)),
        data=PICTURE + b"expired without its original",
    )
    store.private.objects.pop(overdue.record.original_key)
    store.delete(store.upload(PUBLIC, data=PICTURE + b"trash"))
    store.private_orphan()
    store.strew(store.private, f"staging/{store.ids.image_id()}/{store.ids.attempt()}/original.png")
    store.strew(store.private, "staging/unknown")
    store.strew(store.public, f"p/{'B' * 22}/thumb.webp")
    store.strew(store.public, "robots.txt")
    store.clock.instant += timedelta(days=61)
    store.delete(store.upload(data=PICTURE + b"tombstone"), permanent=True)
    store.clock.instant += TOMBSTONE_GRACE
    image = store.upload(PUBLIC, data=PICTURE + b"deleted")
    store.private.away = True
    store.delete(image, permanent=True)
    store.private.away = False
    abandon(store)
    store.clock.instant += RESERVATION_LIFETIME
    expected = "abandoned expired trash deleted tombstones publications staged orphans dangling policies"
    return store, expected.split()


def abandon(store: Store) -> None:
    store.repository.meanwhile = lambda: setattr(store.public, "away", True)
    with pytest.raises(StorageUnavailable):
        store.upload(PUBLIC, data=PICTURE + b"abandoned")
    store.public.away = False


def report_line(report: CleanupReport) -> dict[str, object]:
    """What a report says of what was removed; how much was looked at depends on what is left."""
    counts = ("policies", "renditions_missing", "unknown", "bytes_freed", "failed", "stopped_because")
    return dict(report.collected) | {name: getattr(report, name) for name in counts}


@pytest.mark.parametrize("reconcile", [False, True])
def test_a_dry_run_changes_nothing_and_reports_what_the_next_real_run_does(reconcile: bool) -> None:
    store, expected = crowded()
    before = store.contents()

    dry = store.collect(dry_run=True, reconcile=reconcile)

    assert store.contents() == before
    report = store.collect(reconcile=reconcile)
    assert set(report.collected) == set(expected)
    assert report_line(dry) == report_line(report)
    assert store.contents() != before


def test_a_dry_run_reports_that_the_real_run_would_stop_at_its_cap() -> None:
    store = with_orphans(11)
    before = store.contents()

    report = store.collect(dry_run=True)

    assert (report.stopped_because, report.orphans) == ("cap", 0)
    assert store.contents() == before
