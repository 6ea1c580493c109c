"""Files that a record names and storage lacks are made again (F8)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.delivery.render_requests import RenditionRequest
from image_store.domain.errors import ChecksumMismatch, Conflict, RepairNotFound, StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, ImageRecord, State, Visibility, public_key
from image_store.domain.images.media import MediaType
from image_store.domain.upkeep.repair import MissingObjects, RepairJob, RepairStatus
from image_store.domain.work import RepairStep
from image_store.ports.objects import StoredObject
from image_store.services.upkeep.repair import run
from tests.fakes.object_store import MemoryBucket
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

PUBLIC = Attributes(visibility=Visibility.PUBLIC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> Store:
    return Store()


def lose(bucket: MemoryBucket, keys: Sequence[str]) -> None:
    for key in keys:
        del bucket.objects[key]


def derived_keys(record: ImageRecord) -> list[str]:
    return [record.rendition_key(rendition) for rendition in record.renditions]


def copy_keys(record: ImageRecord) -> list[str]:
    assert record.publication is not None
    return [public_key(record.publication, rendition) for rendition in record.renditions]


def with_requested_rendition(store: Store, image: Image) -> Image:
    request = RenditionRequest(image.record.id, "w640", MediaType.AVIF)
    store.rendering.make(request, until=store.clock.now() + HOUR)
    return store.current(image)


def repair(store: Store, image: Image) -> MissingObjects:
    return store.app.upkeep.image_repair.repair(image.record.id, until=store.clock.now() + HOUR)


def work_off(store: Store, *, time: timedelta = HOUR) -> None:
    while store.work.waiting:
        work = store.work.waiting.pop(0)
        assert isinstance(work, RepairStep)
        store.repair_run.carry_on(work, until=store.clock.now() + time)


def repaired(store: Store, **request: Any) -> RepairJob:
    job = store.repair_requests.begin(**request)
    work_off(store)
    return store.repair_requests.get(job.id)


# One image ------------------------------------------------------------------------------------------


def test_lost_renditions_and_copies_come_back_under_their_keys(store: Store) -> None:
    image = with_requested_rendition(store, store.upload(PUBLIC))
    record = image.record
    private, public = set(store.private.objects), set(store.public.objects)
    lose(store.private, derived_keys(record))
    lose(store.public, copy_keys(record))

    missing = repair(store, image)

    assert missing == MissingObjects(renditions=record.renditions, copies=record.renditions)
    assert (set(store.private.objects), set(store.public.objects)) == (private, public)
    after = store.current(image).record
    assert (after.version, after.publication) == (record.version, record.publication)
    assert repair(store, image) == MissingObjects()


def test_a_lost_public_bucket_is_filled_from_the_private_one_without_decoding(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.public.objects.clear()
    private = dict(store.private.objects)

    repair(store, image)

    assert sorted(store.public.objects) == sorted(copy_keys(image.record))
    assert store.private.objects == private
    assert store.current(image) == image


def test_the_record_has_the_size_that_another_encoder_produced(store: Store) -> None:
    image = store.upload()
    stored = replace(image.record.renditions[0], size_bytes=1)
    before = replace(image.record, renditions=(stored, *image.record.renditions[1:]))
    store.repository.records[before.id] = replace(image, record=before)
    lose(store.private, [before.rendition_key(stored)])

    repair(store, image)

    assert store.current(image).record.renditions == image.record.renditions


def test_a_trashed_image_gets_its_renditions_and_no_copies(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.delete(image)
    lose(store.private, derived_keys(image.record))

    repair(store, image)

    assert set(derived_keys(image.record)) <= set(store.private.objects)
    assert store.public.objects == {}


def test_without_the_original_nothing_is_made_and_that_is_said(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.private.objects.clear()
    store.public.objects.clear()

    missing = repair(store, image)

    assert missing.original
    assert (store.private.objects, store.public.objects) == ({}, {})


def test_an_original_with_other_bytes_makes_no_renditions(store: Store) -> None:
    image = store.upload()
    lose(store.private, [*derived_keys(image.record), image.record.original_key])
    store.private.put(
        image.record.original_key, PICTURE[::-1], content_type="image/png", cache_control="", metadata={}
    )

    with pytest.raises(ChecksumMismatch):
        repair(store, image)

    assert list(store.private.objects) == [image.record.original_key]


def test_a_rendition_of_a_preset_that_is_gone_stays_gone_and_the_others_come_back(store: Store) -> None:
    image = with_requested_rendition(store, store.upload())
    lose(store.private, derived_keys(image.record))
    presets = {
        name: preset for name, preset in store.app.upkeep.image_repair.presets.items() if name != "w640"
    }
    store.app.upkeep.image_repair = replace(store.app.upkeep.image_repair, presets=presets)

    repair(store, image)

    there = {
        rendition.preset
        for rendition in image.record.renditions
        if image.record.rendition_key(rendition) in store.private.objects
    }
    assert there == {"thumb", "display"}


def test_a_bucket_that_does_not_answer_never_counts_as_empty(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = store.upload(PUBLIC)

    def away(_: str) -> None:
        raise StorageUnavailable("The bucket is away.")

    monkeypatch.setattr(store.public, "head", away)

    with pytest.raises(StorageUnavailable):
        repair(store, image)


def test_an_image_unpublished_meanwhile_gets_no_copies(store: Store) -> None:
    image = store.upload(PUBLIC)
    lose(store.private, derived_keys(image.record))
    store.public.objects.clear()
    store.repository.meanwhile = lambda: store.show(image, Visibility.PRIVATE)
    # Another size makes the repair write its amendment, and so meet the change.
    smaller = tuple(replace(rendition, size_bytes=1) for rendition in image.record.renditions)
    store.repository.records[image.record.id] = replace(
        image, record=replace(image.record, renditions=smaller)
    )

    repair(store, image)

    assert store.current(image).record.visibility is Visibility.PRIVATE
    store.collect()
    assert store.public.objects == {}


def test_an_image_deleted_meanwhile_leaves_nothing(store: Store) -> None:
    image = store.upload()
    lose(store.private, derived_keys(image.record))
    smaller = tuple(replace(rendition, size_bytes=1) for rendition in image.record.renditions)
    store.repository.records[image.record.id] = replace(
        image, record=replace(image.record, renditions=smaller)
    )
    store.repository.meanwhile = lambda: store.delete(image, permanent=True)

    repair(store, image)
    store.clock.instant += timedelta(days=1)
    store.collect()

    assert store.private.objects == {}


def test_a_publication_without_a_row_is_an_error_that_says_what_to_do(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.public.objects.clear()
    store.repository.publication_rows.clear()

    with pytest.raises(Conflict, match="publish it again"):
        repair(store, image)


@pytest.mark.parametrize("state", [State.PENDING, State.DELETING, State.TOMBSTONE])
def test_only_images_that_are_shown_are_repaired(store: Store, state: State) -> None:
    image = store.upload()
    store.repository.records[image.record.id] = replace(image, record=replace(image.record, state=state))
    store.private.objects.clear()

    assert repair(store, image) == MissingObjects()
    assert store.private.objects == {}


# Many images ----------------------------------------------------------------------------------------


def damaged(store: Store, number: int) -> list[Image]:
    images = [store.upload(PUBLIC, data=PICTURE + bytes([each])) for each in range(number)]
    for image in images:
        lose(store.private, derived_keys(image.record)[:1])
        lose(store.public, copy_keys(image.record)[:1])
    return images


def test_a_repair_of_the_whole_store_examines_every_image_and_makes_what_is_missing(store: Store) -> None:
    damaged(store, 3)
    store.upload(PUBLIC, owner="somebody else")
    lost = store.upload()
    lose(store.private, [lost.record.original_key])

    job = repaired(store)

    tally = job.tally
    assert (job.status, job.finished_at) == (RepairStatus.SUCCEEDED, store.clock.now())
    assert (tally.examined, tally.renditions, tally.copies, tally.originals_missing) == (5, 3, 3, 1)
    assert (tally.failed, tally.errors) == (0, ())
    assert repaired(store).tally == replace(tally, renditions=0, copies=0)


def test_each_object_is_looked_for_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [key for image in damaged(store, 2) for key in image.record.private_keys]
    requests: list[str] = []
    head = store.private.head

    def noted(key: str) -> StoredObject | None:
        requests.append(key)
        return head(key)

    monkeypatch.setattr(store.private, "head", noted)

    assert repaired(store).tally.renditions == 2

    assert sorted(requests) == sorted(names)


def test_a_dry_run_counts_the_same_and_makes_nothing(store: Store) -> None:
    damaged(store, 3)
    before = store.contents()

    job = repaired(store, dry_run=True)

    assert (job.tally.examined, job.tally.renditions, job.tally.copies) == (3, 3, 3)
    assert store.contents() == before


def test_only_named_images_are_repaired_and_unknown_ones_are_reported(store: Store) -> None:
    first, second = damaged(store, 2)
    unknown = store.ids.image_id()

    job = repaired(store, image_ids=[first.record.id, unknown, first.record.id])

    assert (job.tally.examined, job.tally.renditions, job.tally.failed) == (1, 1, 1)
    assert [(error.image_id, error.code) for error in job.tally.errors] == [(unknown, "image_not_found")]
    assert repair(store, second).renditions


def test_an_image_that_cannot_be_repaired_stops_no_other(store: Store) -> None:
    first, _ = damaged(store, 2)
    store.private.objects[first.record.original_key] = replace(
        store.private.objects[first.record.original_key], data=b"other bytes"
    )

    job = repaired(store)

    assert (job.status, job.tally.renditions, job.tally.failed) == (RepairStatus.SUCCEEDED, 1, 1)
    assert [(error.image_id, error.code) for error in job.tally.errors] == [
        (first.record.id, "checksum_mismatch")
    ]


def test_a_repair_without_time_goes_on_image_by_image_in_later_steps(store: Store) -> None:
    damaged(store, 3)
    job = store.repair_requests.begin()

    work_off(store, time=run.ROOM_FOR_ONE / 2)

    done = store.repair_requests.get(job.id)
    assert (done.status, done.tally.examined, done.tally.renditions) == (RepairStatus.SUCCEEDED, 3, 3)
    assert done.step > 4


def test_a_step_that_is_delivered_twice_is_done_once(store: Store) -> None:
    damaged(store, 2)
    job = store.repair_requests.begin()
    work = RepairStep(job.id, job.step)

    store.repair_run.carry_on(work, until=store.clock.now() + HOUR)
    store.repair_run.carry_on(work, until=store.clock.now() + HOUR)

    assert len(store.repairs.saved) == 2
    assert store.repair_requests.get(job.id).tally.renditions == 2


def test_a_worker_that_died_before_sending_the_next_step_is_followed_by_its_message(store: Store) -> None:
    damaged(store, 1)
    job = store.repair_requests.begin()
    short = store.clock.now() + run.ROOM_FOR_ONE / 2
    store.repair_run.carry_on(RepairStep(job.id, 1), until=short)
    store.work.waiting.clear()

    store.repair_run.carry_on(RepairStep(job.id, 1), until=short)

    assert store.work.waiting == [RepairStep(job.id, 2)]


def test_what_was_done_before_storage_failed_is_kept_and_the_rest_follows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = damaged(store, 2)
    put, failing = store.private.put, [True]

    def fail_once(key: str, *args: Any, **rest: Any) -> None:
        if second.record.id in key and failing:
            failing.clear()
            raise StorageUnavailable("away")
        put(key, *args, **rest)

    monkeypatch.setattr(store.private, "put", fail_once)

    job = repaired(store)

    assert (job.status, job.tally.renditions, job.tally.failed) == (RepairStatus.SUCCEEDED, 2, 0)
    assert [saved.tally.renditions for saved in store.repairs.saved] == [0, 1, 2]


def test_storage_that_fails_at_once_leaves_the_message_to_be_delivered_again(store: Store) -> None:
    damaged(store, 1)
    job = store.repair_requests.begin()
    store.private.away = True

    work = RepairStep(job.id, 1)
    store.repair_run.carry_on(work, until=store.clock.now() + HOUR)
    with pytest.raises(StorageUnavailable):
        store.repair_run.carry_on(RepairStep(job.id, 2), until=store.clock.now() + HOUR)

    assert store.repair_requests.get(job.id).status is RepairStatus.RUNNING


@pytest.mark.parametrize("name", ["", "x", "0198c000-0000-7000-8000-000000000000"])
def test_a_repair_that_there_is_not_is_not_found(store: Store, name: str) -> None:
    with pytest.raises(RepairNotFound):
        store.repair_requests.get(name)


def test_images_of_every_owner_are_found(store: Store) -> None:
    image = store.upload(owner=f"{OWNER} the second")
    lose(store.private, derived_keys(image.record))

    assert repaired(store).tally.renditions == len(image.record.renditions)
