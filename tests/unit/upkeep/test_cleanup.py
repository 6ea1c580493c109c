"""What cleanup collects, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.images.quota import Usage
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from image_store.services.upkeep.cleanup.objects import STAGING_LIFETIME
from tests.fakes.store import Store
from tests.samples import OWNER, TRASH_RETENTION

MOMENT = timedelta(microseconds=1)
PUBLIC = Attributes(visibility=Visibility.PUBLIC)


@pytest.fixture
def store() -> Store:
    return Store()


def abandoned(store: Store) -> timedelta:
    """An upload whose commit never came."""
    store.repository.meanwhile = lambda: setattr(store.public, "away", True)
    with pytest.raises(StorageUnavailable):
        store.upload(PUBLIC)
    store.public.away = False
    return RESERVATION_LIFETIME


def expired(store: Store) -> timedelta:
    lifetime = timedelta(hours=1)
    store.upload(replace(PUBLIC, expires_at=store.clock.now() + lifetime))
    return lifetime


def trash(store: Store) -> timedelta:
    store.delete(store.upload(PUBLIC))
    return TRASH_RETENTION


def deleted(store: Store) -> timedelta:
    image = store.upload(PUBLIC)
    store.private.away = True
    store.delete(image, permanent=True)
    store.private.away = False
    return timedelta(0)


@pytest.mark.parametrize("make", [abandoned, expired, trash], ids=lambda make: make.__name__)
def test_nothing_is_collected_before_its_time(store: Store, make: Callable[[Store], timedelta]) -> None:
    waits = make(store)
    before = dict(store.repository.records), dict(store.private.objects), dict(store.public.objects)
    store.clock.instant += waits - MOMENT

    report = store.collect()

    assert (report.collected, report.failed, report.stopped_because) == ({}, 0, None)
    assert before == (store.repository.records, store.private.objects, store.public.objects)


@pytest.mark.parametrize("make", [abandoned, expired, trash, deleted], ids=lambda make: make.__name__)
def test_what_is_due_is_collected_with_its_objects_and_then_forgotten(
    store: Store, make: Callable[[Store], timedelta]
) -> None:
    store.clock.instant += make(store)

    report = store.collect()

    assert report.collected[make.__name__] == 1
    assert report.failed == 0
    assert [image.record.state for image in store.repository.records.values()] == [State.TOMBSTONE]
    assert store.private.objects == {}
    assert store.public.objects == {}
    assert store.repository.usage(OWNER) == Usage(0, 0)

    store.clock.instant += TOMBSTONE_GRACE
    assert store.collect().collected["tombstones"] == 1
    assert store.repository.records == {}
    assert store.repository.due_publications == {}


def test_an_image_that_no_policy_matches_is_left_alone(store: Store) -> None:
    image = store.upload(PUBLIC)
    objects = dict(store.private.objects), dict(store.public.objects)
    store.clock.instant += timedelta(days=1_000)

    report = store.collect()

    assert report.collected == {}
    assert store.current(image) == image
    assert objects == (store.private.objects, store.public.objects)


def test_a_tombstone_takes_late_objects_of_its_image_along_and_no_others(store: Store) -> None:
    image, other_image = store.upload(), store.upload()
    store.delete(image, permanent=True)
    for late in (image.record.original_key, f"{image.record.prefix}another-attempt/original.png"):
        store.private.put(late, b"late", content_type="image/png", cache_control="private", metadata={})
    store.clock.instant += TOMBSTONE_GRACE

    store.collect()

    assert set(store.private.objects) == set(other_image.record.private_keys)


def test_a_row_that_the_index_still_names_is_read_again_and_left_alone(store: Store) -> None:
    image = store.upload(Attributes(expires_at=store.clock.now() + timedelta(hours=1)))
    store.clock.instant += timedelta(hours=1)
    seen = list(store.repository.due(store.clock.now()))
    current = store.edit(image, lambda image: replace(image, record=replace(image.record, expires_at=None)))
    assert current.record.due_at is None

    stale = Stale(store, list(seen))

    assert stale.collect() == {}
    assert store.current(image) == current


class Stale:
    """A cleanup whose index is behind."""

    def __init__(self, store: Store, rows: list[str]) -> None:
        self._cleanup = store.cleanup
        self._until = store.clock.now() + timedelta(hours=1)
        store.repository.due = lambda before: iter(rows)  # type: ignore[method-assign]

    def collect(self) -> dict[str, int]:
        return dict(self._cleanup.run(until=self._until).collected)


def test_an_image_changed_while_it_is_collected_is_left_to_its_writer(store: Store) -> None:
    image = store.upload(Attributes(expires_at=store.clock.now() + timedelta(hours=1)))
    store.clock.instant += timedelta(hours=1)
    store.repository.meanwhile = lambda: store.edit(
        image, lambda seen: replace(seen, record=replace(seen.record, expires_at=None))
    )

    report = store.collect()

    assert (report.collected, report.failed) == ({}, 0)
    assert store.current(image).record.state is State.READY
    assert set(store.private.objects) == set(image.record.private_keys)


def test_two_cleanups_at_once_collect_an_image_once(store: Store) -> None:
    store.clock.instant += expired(store)
    reports = []
    store.repository.meanwhile = lambda: reports.append(store.collect())

    reports.append(store.collect())

    assert sum(report.collected["expired"] for report in reports) == 1
    assert sum(report.failed for report in reports) == 0
    assert store.repository.usage(OWNER) == Usage(0, 0)


def test_a_row_that_fails_is_counted_and_does_not_delay_others(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.public.away = True
    store.show(image, Visibility.PRIVATE)
    store.clock.instant += trash_without_copies(store)

    report = store.collect()

    assert (report.failed, report.collected["trash"]) == (1, 1)
    assert len(store.repository.due_publications) == 1


def trash_without_copies(store: Store) -> timedelta:
    store.delete(store.upload())
    return TRASH_RETENTION


def test_what_failed_is_collected_by_the_next_run(store: Store) -> None:
    store.clock.instant += trash(store)
    store.private.away = True
    assert store.collect().failed == 1
    store.private.away = False

    assert store.collect().collected["deleted"] == 1
    assert store.private.objects == {}


def test_the_publication_that_is_current_keeps_its_copies(store: Store) -> None:
    image = store.upload(PUBLIC)
    rows = store.app.delivery.publisher.withdrawal_rows(image.record, store.clock.now())
    store.repository.publication_rows[rows[0].publication] = rows[0]

    report = store.collect()

    assert report.collected == {}
    assert len(store.public.objects) == 2


def test_copies_that_arrive_after_their_image_was_collected_go_with_their_row(store: Store) -> None:
    store.clock.instant += abandoned(store) - MOMENT
    [row] = store.repository.due_publications.values()
    for key in row.keys:
        store.public.put(key, b"late", content_type="image/webp", cache_control="public", metadata={})
    store.clock.instant += MOMENT

    store.collect()

    assert store.public.objects == {}
    assert store.repository.due_publications == {}


def test_a_run_stops_between_two_rows_when_its_time_is_over(store: Store) -> None:
    for _ in range(3):
        store.delete(store.upload())
    store.clock.instant += TRASH_RETENTION
    until = store.clock.now() + timedelta(minutes=1)

    def a_minute_passes() -> None:
        store.clock.instant += timedelta(minutes=1)

    store.repository.meanwhile = a_minute_passes
    report = store.cleanup.run(until=until)

    assert report.stopped_because == "deadline"
    assert report.collected == {"trash": 1}
    assert store.collect().collected["trash"] == 2


def test_more_rows_than_one_slice_are_collected_in_one_run(store: Store) -> None:
    for number in range(101):
        store.delete(store.upload(data=b"\x89PNG\r\n\x1a\n" + bytes([number])))
    store.clock.instant += TRASH_RETENTION

    report = store.collect()

    assert (report.collected["trash"], report.stopped_because) == (101, None)
    assert store.private.objects == {}


def stage(store: Store) -> str:
    """Bytes that arrived for an upload that is no more."""
    key = f"staging/{store.ids.image_id()}/{store.ids.attempt()}/original.png"
    store.private.put(key, b"staged", content_type="image/png", cache_control="private", metadata={})
    return key


def test_objects_staged_for_more_than_a_day_are_swept(store: Store) -> None:
    image: Image = store.upload()
    stage(store)
    store.clock.instant += MOMENT
    young = stage(store)
    store.clock.instant += STAGING_LIFETIME

    report = store.collect()

    assert report.collected == {"staged": 1}
    assert set(store.private.objects) == {young, *image.record.private_keys}


def test_more_staged_objects_than_one_batch_are_swept(store: Store) -> None:
    for _ in range(501):
        stage(store)
    store.clock.instant += STAGING_LIFETIME + MOMENT

    assert store.collect().collected == {"staged": 501}
    assert store.private.objects == {}


def test_a_bucket_that_does_not_answer_the_sweep_is_a_failure_and_no_error(store: Store) -> None:
    stage(store)
    store.clock.instant += STAGING_LIFETIME + MOMENT
    store.private.away = True

    report = store.collect()

    assert (report.failed, report.collected) == (1, {})
