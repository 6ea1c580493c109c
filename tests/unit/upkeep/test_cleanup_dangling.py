"""Records without their objects: what the sweep of the table finds, and what it does about it (D2)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.delivery.renditions import UPLOAD_RECIPES as PRESETS_AT_UPLOAD
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.images.quota import Usage
from image_store.domain.upkeep.cleanup import GRACE
from image_store.domain.work import RepairImage
from image_store.ports.objects import StoredObject
from image_store.services.upkeep.cleanup import records, run
from image_store.services.upkeep.cleanup.allowance import ALWAYS_ALLOWED
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

MOMENT = timedelta(microseconds=1)
PUBLIC = Attributes(visibility=Visibility.PUBLIC)


@pytest.fixture
def store() -> Store:
    return Store()


def without_original(store: Store, data: bytes = PICTURE) -> Image:
    """A published image whose original somebody removed by hand."""
    image = store.upload(PUBLIC, data=data)
    store.private.objects.pop(image.record.original_key)
    return image


@pytest.mark.parametrize("trashed", [False, True])
def test_a_record_without_its_original_goes_with_what_is_left_and_gives_its_quota_back(
    store: Store, trashed: bool
) -> None:
    image, other_image = without_original(store), store.upload(PUBLIC, data=PICTURE + b"kept")
    if trashed:
        store.delete(image)
    store.clock.instant += GRACE

    report = store.collect()

    assert report.collected == {"dangling": 1}
    assert store.current(image).record.state is State.TOMBSTONE
    assert store.current(other_image) == other_image
    assert store.repository.usage(OWNER) == Usage(1, other_image.record.size_bytes)
    assert set(store.private.objects) == set(other_image.record.private_keys)
    store.collect()
    assert other_image.record.publication is not None
    assert set(store.public.objects) == set(other_image.record.public_keys(other_image.record.publication))


@pytest.mark.parametrize(("age", "dangling"), [(GRACE - MOMENT, 0), (GRACE, 1)], ids=["before", "at"])
def test_a_record_is_looked_at_once_it_was_left_alone_for_the_grace(
    store: Store, age: timedelta, dangling: int
) -> None:
    without_original(store)
    store.clock.instant += age

    assert store.collect().dangling == dangling


def test_images_that_lack_renditions_or_copies_are_handed_over_to_be_repaired(store: Store) -> None:
    without_rendition, without_copies = store.upload(PUBLIC), store.upload(PUBLIC, data=PICTURE + b"2")
    for rendition in without_rendition.record.renditions:
        store.private.objects.pop(without_rendition.record.rendition_key(rendition))
    assert without_copies.record.publication is not None
    for key in without_copies.record.public_keys(without_copies.record.publication):
        store.public.objects.pop(key)
    store.upload(PUBLIC, data=PICTURE + b"3")
    store.clock.instant += GRACE
    rendition_count = len(PRESETS_AT_UPLOAD)

    report = store.collect()

    assert (report.collected, report.renditions_missing, report.copies_missing, report.repairs) == (
        {},
        rendition_count,
        rendition_count,
        2,
    )
    assert store.work.waiting == [
        RepairImage(without_rendition.record.id),
        RepairImage(without_copies.record.id),
    ]


def test_a_dry_run_sends_no_repair(store: Store) -> None:
    image = store.upload()
    store.private.objects.pop(image.record.rendition_key(image.record.renditions[0]))
    store.clock.instant += GRACE

    report = store.collect(dry_run=True, on_demand=True)

    assert (report.renditions_missing, report.repairs, store.work.waiting) == (1, 0, [])


def test_images_are_repaired_though_too_many_originals_are_gone(store: Store) -> None:
    damaged = store.upload()
    store.private.objects.pop(damaged.record.rendition_key(damaged.record.renditions[0]))
    for number in range(ALWAYS_ALLOWED + 1):
        without_original(store, PICTURE + bytes([number]))
    store.clock.instant += GRACE

    report = store.collect()

    assert (report.stopped_because, report.dangling) == ("cap", 0)
    assert store.work.waiting == [RepairImage(damaged.record.id)]


def test_an_original_that_is_there_at_the_second_look_keeps_its_record(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = store.upload()
    store.clock.instant += GRACE
    head = store.private.head
    looks: list[str] = []

    def missing_at_first(key: str) -> StoredObject | None:
        looks.append(key)
        return head(key) if looks.count(key) > 1 else None

    monkeypatch.setattr(store.private, "head", missing_at_first)

    report = store.collect()

    assert report.collected == {}
    assert looks.count(image.record.original_key) == 2
    assert store.current(image) == image


@pytest.mark.parametrize("state", [State.PENDING, State.DELETING, State.TOMBSTONE])
def test_a_record_on_its_way_is_not_missed_anything(store: Store, state: State) -> None:
    image = without_original(store)
    record = replace(image.record, state=state, due_at=store.clock.now() + GRACE + timedelta(seconds=30))
    store.repository.records[record.id] = replace(image, record=record)
    store.clock.instant += GRACE

    report = store.collect(reconcile=True)

    assert report.dangling == 0
    assert store.repository.records[record.id].record == record


def test_an_image_its_owner_deletes_at_the_same_moment_is_theirs(store: Store) -> None:
    image = without_original(store)
    store.clock.instant += GRACE
    store.repository.meanwhile = lambda: store.delete(image, permanent=True)

    report = store.collect()

    assert (report.dangling, report.failed) == (0, 0)
    assert store.repository.usage(OWNER) == Usage(0, 0)


def test_a_bucket_that_does_not_answer_takes_nothing_for_missing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = store.upload()
    store.clock.instant += GRACE

    def away(key: str) -> StoredObject | None:
        raise StorageUnavailable("The bucket is away.")

    monkeypatch.setattr(store.private, "head", away)

    report = store.collect()

    assert (report.dangling, report.failed) == (0, 1)
    assert "records" not in store.housekeeping.positions
    assert store.current(image) == image


def test_a_pass_over_the_records_begins_once_a_week(store: Store) -> None:
    store.collect()
    without_original(store)
    store.clock.instant += run.RECORDS_EVERY - MOMENT
    early = store.collect()
    store.clock.instant += MOMENT

    report = store.collect()

    assert (early.dangling, report.dangling) == (0, 1)


def test_to_reconcile_waits_neither_for_a_grace_nor_for_the_next_pass(store: Store) -> None:
    store.collect()
    without_original(store)

    assert store.collect(reconcile=True).dangling == 1


def test_a_pass_finds_every_record_of_its_start_while_images_come_and_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_PAGE_ROWS", 2)
    monkeypatch.setattr(run, "RECORDS_A_SLICE", 4)
    monkeypatch.setattr(run, "SLICES_A_RUN", 1)
    image = [store.upload(data=PICTURE + bytes([number])) for number in range(6)]
    lost = [without_original(store, PICTURE + b"lost" + bytes([number])) for number in range(6)]
    image += [store.upload(data=PICTURE + b"more" + bytes([number])) for number in range(3)]
    store.clock.instant += GRACE
    counts: list[int] = []

    while not counts or store.housekeeping.positions["records"].after is not None:
        counts.append(store.collect().dangling)
        store.delete(image.pop(0), permanent=True)
        image.append(store.upload(data=PICTURE + b"new" + bytes([len(counts)])))
        assert len(counts) < 8

    assert len(counts) > 2
    assert sum(counts) == len(lost)
    assert {store.current(image).record.state for image in image} == {State.READY}


def test_a_pass_that_is_cut_short_by_the_deadline_says_so_and_continues(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_PAGE_ROWS", 1)
    for number in range(3):
        store.upload(data=PICTURE + bytes([number]))
    scan = store.repository.scan

    def slow_scan(**options: object) -> object:
        store.clock.instant += timedelta(minutes=10)
        return scan(**options)  # type: ignore[arg-type]

    monkeypatch.setattr(store.repository, "scan", slow_scan)

    report = store.collect()

    assert (report.stopped_because, store.housekeeping.positions["records"].after is None) == (
        "deadline",
        False,
    )
    assert store.collect().stopped_because is None
    assert store.housekeeping.positions["records"].after is None
