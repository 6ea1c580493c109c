"""Objects that belong to nobody: what the sweeps of the buckets find, and what they never touch (D2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.errors import ConfigurationError, ImageStoreError, StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import State, Visibility
from image_store.domain.upkeep.cleanup import GRACE
from image_store.services.upkeep.cleanup import objects, run
from tests.fakes.store import Store
from tests.samples import PICTURE

MOMENT = timedelta(microseconds=1)
PUBLIC = Attributes(visibility=Visibility.PUBLIC)
PUBLICATION = "B" * 22


@pytest.fixture
def store() -> Store:
    return Store()


def other_attempt(store: Store, prefix: str) -> str:
    """A key below an image's folder as another attempt of its upload has it."""
    return store.strew(store.private, f"{prefix}{store.ids.attempt()}/original.png")


@pytest.mark.parametrize(("age", "left"), [(GRACE, 1), (GRACE + MOMENT, 0)], ids=["at", "past"])
@pytest.mark.parametrize("bucket", ["private", "public"])
def test_an_orphan_goes_once_it_is_older_than_the_grace(
    store: Store, bucket: str, age: timedelta, left: int
) -> None:
    key = (
        f"{store.ids.image_id()}/{store.ids.attempt()}/thumb.webp"
        if bucket == "private"
        else f"p/{PUBLICATION}/a"
    )
    store.strew(getattr(store, bucket), key)
    store.clock.instant += age

    report = store.collect()

    assert report.orphans == 1 - left
    assert report.bytes_freed == len(key) * (1 - left)
    assert len(getattr(store, bucket).objects) == left


@pytest.mark.parametrize("trashed", [False, True])
def test_an_object_of_another_attempt_than_the_records_is_an_orphan(store: Store, trashed: bool) -> None:
    image = store.upload()
    other_attempt(store, image.record.prefix)
    if trashed:
        store.delete(image)
    store.clock.instant += GRACE + MOMENT

    report = store.collect()

    assert report.collected == {"orphans": 1}
    assert set(store.private.objects) == set(image.record.private_keys)


@pytest.mark.parametrize("state", [State.PENDING, State.DELETING, State.TOMBSTONE])
def test_objects_of_an_image_that_is_being_stored_or_deleted_are_left_to_it(
    store: Store, state: State
) -> None:
    image = store.upload()
    key = other_attempt(store, image.record.prefix)
    record = replace(image.record, state=state, due_at=store.clock.now() + GRACE + timedelta(seconds=30))
    store.repository.records[record.id] = replace(image, record=record)
    store.clock.instant += GRACE + MOMENT

    report = store.collect()

    assert report.collected == {}
    assert set(store.private.objects) == {key, *image.record.private_keys}


def test_bytes_that_reach_staging_after_their_image_was_stored_are_swept(store: Store) -> None:
    image = store.upload()
    store.strew(store.private, f"staging/{image.record.id}/{image.record.attempt}/original.png")
    store.clock.instant += objects.STAGING_LIFETIME
    early = store.collect()
    store.clock.instant += MOMENT

    report = store.collect()

    assert (early.collected, report.collected) == ({}, {"staged": 1})
    assert set(store.private.objects) == set(image.record.private_keys)


@pytest.mark.parametrize(
    "key",
    [
        "cat.png",
        "images/cat.png",
        "{id}/cat.png",
        "images2/{id}/cat.png",
        "images/not-an-id/{attempt}/original.png",
        "images/{id}/{attempt}/",
        "images/{id}/{attempt}/deeper/original.png",
        "images2/{id}/backup-of-may/original.png",
        "staging/{id}/original.png",
        "images/{upper}/{attempt}/original.png",
    ],
)
def test_a_private_key_that_is_not_ours_is_counted_and_never_touched(store: Store, key: str) -> None:
    image_id = store.ids.image_id()
    key = key.format(id=image_id, upper=image_id.upper(), attempt=store.ids.attempt())
    store.strew(store.private, key)
    store.clock.instant += timedelta(days=1_000)

    report = store.collect()

    assert (report.collected, report.unknown) == ({}, 1)
    assert key in store.private.objects


@pytest.mark.parametrize(
    "key",
    [
        "cat.png",
        f"{PUBLICATION}/thumb.webp",
        f"q/{PUBLICATION}/thumb.webp",
        f"p/{PUBLICATION}",
        f"p/{PUBLICATION}/",
        f"p/{PUBLICATION}/deeper/thumb.webp",
        "p/short/thumb.webp",
        "p//thumb.webp",
    ],
)
def test_a_public_key_that_is_not_ours_is_counted_and_never_touched(store: Store, key: str) -> None:
    store.strew(store.public, key)
    store.clock.instant += timedelta(days=1_000)

    report = store.collect(reconcile=True)

    assert (report.collected, report.unknown) == ({}, 1)
    assert key in store.public.objects


def test_copies_of_a_current_publication_stay_and_those_without_a_row_go(store: Store) -> None:
    image = store.upload(PUBLIC)
    keys = set(store.public.objects)
    store.strew(store.public, f"p/{PUBLICATION}/thumb.webp")
    store.clock.instant += GRACE + MOMENT

    report = store.collect()

    assert report.collected == {"orphans": 1}
    assert image.record.publication is not None
    assert set(store.public.objects) == keys == set(image.record.public_keys(image.record.publication))


def test_copies_whose_row_waits_for_its_time_are_left_to_it(store: Store) -> None:
    key = store.strew(store.public, f"p/{PUBLICATION}/thumb.webp")
    due_at = store.clock.now() + GRACE + timedelta(minutes=30)
    store.repository.publication_rows[PUBLICATION] = PublicationRow(
        PUBLICATION, store.ids.image_id(), frozenset({key}), due_at
    )
    store.clock.instant += GRACE + MOMENT

    report = store.collect(reconcile=True)

    assert report.collected == {}
    assert key in store.public.objects


def test_a_store_that_publishes_nothing_has_no_public_bucket_to_sweep() -> None:
    store = Store(publishes=False)
    key = store.strew(store.public, f"p/{PUBLICATION}/thumb.webp")
    store.clock.instant += GRACE + MOMENT

    assert store.collect().collected == {}
    assert key in store.public.objects


def test_a_pass_finds_every_orphan_of_its_start_while_objects_come_and_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PAGE_OBJECTS", 2)
    monkeypatch.setattr(run, "OBJECTS_A_SLICE", 4)
    monkeypatch.setattr(run, "SLICES_A_RUN", 1)
    images = [store.upload(data=PICTURE + bytes([number])) for number in range(4)]
    at_start = [store.private_orphan() for _ in range(9)]
    store.clock.instant += GRACE + MOMENT
    young: list[str] = []
    counts: list[int] = []

    while not counts or store.housekeeping.positions["private"].after is not None:
        counts.append(store.collect().orphans)
        young.append(store.private_orphan())
        images.append(store.upload(data=PICTURE + b"more" + bytes([len(young)])))
        if images[0].record.state is State.READY:
            store.delete(images.pop(0), permanent=True)
        store.clock.instant += timedelta(minutes=1)
        assert len(counts) < 40

    assert len(counts) > 4
    assert sum(counts) == len(at_start)
    assert not store.private.objects.keys() & set(at_start)
    assert set(young) <= store.private.objects.keys()
    for image in images:
        assert set(image.record.private_keys) <= store.private.objects.keys()


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_slice_that_ends_where_objects_vanish_continues_after_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    monkeypatch.setattr(objects, "PAGE_OBJECTS", 1)
    monkeypatch.setattr(run, "OBJECTS_A_SLICE", 1)
    monkeypatch.setattr(run, "SLICES_A_RUN", 1)
    keys = [store.private_orphan() for _ in range(3)]
    store.clock.instant += GRACE + MOMENT
    store.collect()
    store.private.objects.pop(keys[lost], None)

    for _ in range(3):
        store.collect()

    assert store.private.objects == {}


def test_a_pass_over_the_objects_begins_once_a_day(store: Store) -> None:
    store.collect()
    store.private_orphan()
    store.clock.instant += run.OBJECTS_EVERY - MOMENT
    aged = store.private.objects
    for key, file in list(aged.items()):
        aged[key] = replace(file, modified_at=file.modified_at - 2 * GRACE)

    early = store.collect()
    store.clock.instant += MOMENT
    report = store.collect()

    assert (early.orphans, early.examined) == (0, 0)
    assert report.orphans == 1


def test_on_demand_a_finished_sweep_starts_again_and_keeps_its_grace(store: Store) -> None:
    orphan = store.private_orphan()
    store.clock.instant += GRACE + MOMENT - timedelta(hours=1)
    store.collect()
    store.clock.instant += timedelta(hours=1)
    fresh = store.private_orphan()

    scheduled = store.collect()
    dry = store.collect(on_demand=True, dry_run=True)
    report = store.collect(on_demand=True)

    assert scheduled.collected == {}
    assert dry.collected == report.collected == {"orphans": 1}
    assert orphan not in store.private.objects
    assert fresh in store.private.objects


def test_to_reconcile_waits_neither_for_a_grace_nor_for_the_next_pass(store: Store) -> None:
    store.collect()
    store.private_orphan()
    store.strew(store.public, f"p/{PUBLICATION}/thumb.webp")
    store.strew(store.private, f"staging/{store.ids.image_id()}/{store.ids.attempt()}/original.png")
    store.clock.instant += MOMENT

    report = store.collect(reconcile=True)

    assert report.collected == {"orphans": 3}
    assert store.private.objects == store.public.objects == {}


def in_flight(store: Store) -> None:
    """An upload whose objects are there and whose commit is still to come."""
    reports = []

    def reconcile() -> None:
        store.clock.instant += timedelta(seconds=1)
        reports.append(store.collect(reconcile=True))

    def before_the_commit() -> None:
        store.repository.meanwhile = reconcile

    store.repository.meanwhile = before_the_commit
    image = store.upload(PUBLIC)
    assert [report.collected for report in reports] == [{}]
    assert set(image.record.private_keys) <= store.private.objects.keys()
    assert image.record.publication is not None
    assert set(image.record.public_keys(image.record.publication)) <= store.public.objects.keys()


def being_published(store: Store) -> None:
    """An image whose new copies are there and not committed yet."""
    image = store.upload()
    reports = []

    def reconcile() -> None:
        store.clock.instant += timedelta(seconds=1)
        reports.append(store.collect(reconcile=True))

    def before_the_commit() -> None:
        store.repository.meanwhile = reconcile

    store.repository.meanwhile = before_the_commit
    shown = store.show(image, Visibility.PUBLIC)
    assert [report.collected for report in reports] == [{}]
    assert shown.record.publication is not None
    assert set(shown.record.public_keys(shown.record.publication)) <= store.public.objects.keys()


@pytest.mark.parametrize("doing", [in_flight, being_published], ids=lambda doing: doing.__name__)
def test_to_reconcile_harms_nothing_that_is_on_its_way(store: Store, doing: Callable[[Store], None]) -> None:
    doing(store)


def test_objects_a_bucket_does_not_remove_are_found_again(store: Store) -> None:
    store.private_orphan()
    store.clock.instant += GRACE + MOMENT
    store.private.away = True
    failed = store.collect()
    store.private.away = False

    report = store.collect()

    assert (failed.failed, failed.orphans, report.orphans) == (1, 0, 1)
    assert store.private.objects == {}


def test_a_listing_that_fails_is_counted_and_does_not_delay_other_sweeps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(prefix: str, *, after: str | None = None) -> object:
        raise StorageUnavailable("The bucket is away.")

    store.strew(store.public, f"p/{PUBLICATION}/thumb.webp")
    store.clock.instant += GRACE + MOMENT
    monkeypatch.setattr(store.private, "list", away)

    report = store.collect()

    assert (report.failed, report.orphans) == (2, 1)  # staging, and the sweep of the private bucket
    assert "private" not in store.housekeeping.positions


@pytest.fixture
def behind_cdn() -> Store:
    """A store with a stray copy that the CDN has, and whose grace is over."""
    store = Store(purges=True)
    store.strew(store.public, f"p/{PUBLICATION}/a")
    store.cdn.visit()
    store.clock.instant += GRACE + MOMENT
    return store


def test_the_cdn_forgets_a_stray_copy(behind_cdn: Store) -> None:
    report = behind_cdn.collect()

    assert (report.orphans, report.failed) == (1, 0)
    assert not behind_cdn.public.objects
    assert not behind_cdn.cdn.cached


@pytest.mark.parametrize(
    "refusal", [StorageUnavailable("no answer"), ConfigurationError("no token")], ids=lambda error: error.code
)
def test_the_purge_of_a_stray_copy_waits_for_a_cdn_that_does_not_answer(
    behind_cdn: Store, refusal: ImageStoreError
) -> None:
    behind_cdn.cdn.takes, behind_cdn.cdn.refusal = 0, refusal
    first = behind_cdn.collect()
    behind_cdn.cdn.takes = None

    second = behind_cdn.collect()

    assert (first.orphans, second.orphans, second.publications) == (1, 0, 1)
    assert not behind_cdn.cdn.cached
    assert not behind_cdn.repository.publication_rows
