"""Records that are lost are written again from the private bucket alone (F8)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.errors import RecoveryInProgress, RecoveryNotFound, StorageUnavailable
from image_store.domain.ids import created_at, uuid7
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.quota import Quota, Usage
from image_store.domain.upkeep.cleanup import GRACE, LONGEST_HOLD
from image_store.domain.upkeep.recovery import RecoveryJob, RecoveryKind, RecoveryOptions, RecoveryStatus
from image_store.domain.work import RecoveryStep
from image_store.services.upkeep.recovery import from_bucket
from image_store.services.upkeep.recovery.requests import STEP_TAKES
from tests.fakes.object_store import MemoryBucket, StoredFile
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE

HOUR = timedelta(hours=1)
STRANGE_OWNER = "ключ/ü 100%"


@pytest.fixture
def store() -> Store:
    return Store()


def begin(store: Store, *, take_over: bool = False, **options: Any) -> RecoveryJob:
    return store.app.recovery.requests.begin(
        RecoveryKind.REBUILD, RecoveryOptions(**options), take_over=take_over
    )


def state_of(store: Store, recovery: RecoveryJob) -> RecoveryJob:
    return store.app.recovery.requests.get(RecoveryKind.REBUILD, recovery.id)


def step(store: Store, *, time: timedelta = HOUR) -> None:
    work = store.work.waiting.pop(0)
    assert isinstance(work, RecoveryStep)
    store.app.recovery.run.carry_on(work, until=store.clock.now() + time)


def rebuilt(store: Store, **options: Any) -> RecoveryJob:
    recovery = begin(store, **options)
    while store.work.waiting:
        step(store)
    return state_of(store, recovery)


def lose_table(store: Store) -> None:
    store.repository.records.clear()
    store.repository.publication_rows.clear()


def original_of(image: Image, store: Store) -> StoredFile:
    return store.private.objects[image.record.original_key]


# What comes back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [OWNER, STRANGE_OWNER])
@pytest.mark.parametrize("kind", list(Kind))
def test_the_facts_that_the_bucket_knows_come_back_as_a_private_image(
    store: Store, owner: str, kind: Kind
) -> None:
    before = store.upload(Attributes(kind=kind, title="A cat"), owner=owner)
    objects = dict(store.private.objects)
    lose_table(store)

    done = rebuilt(store)

    after = store.current(before)
    names = ("id", "owner", "kind", "sha256", "media_type", "size_bytes", "created_at", "folder", "attempt")
    assert [getattr(after.record, name) for name in names] == [getattr(before.record, name) for name in names]
    assert (after.record.state, after.record.visibility) == (State.READY, Visibility.PRIVATE)
    assert (after.record.width, after.record.renditions) == (before.record.width, before.record.renditions)
    assert after.record.created_at == created_at(after.record.id)
    assert after.details.title is None
    assert store.private.objects == objects
    assert (done.status, done.tally.images, done.tally.failed) == (RecoveryStatus.SUCCEEDED, 1, 0)


def test_lost_renditions_are_made_again_with_the_record(store: Store) -> None:
    image = store.upload()
    objects = dict(store.private.objects)
    for rendition in image.record.renditions:
        del store.private.objects[image.record.rendition_key(rendition)]
    lose_table(store)

    rebuilt(store)

    assert {key: file.data for key, file in store.private.objects.items()} == {
        key: file.data for key, file in objects.items()
    }


def test_the_record_has_the_size_of_a_rendition_that_another_release_made(store: Store) -> None:
    image = store.upload()
    first = image.record.renditions[0]
    key = image.record.rendition_key(first)
    store.private.objects[key] = replace(store.private.objects[key], data=b"another encoder's")
    lose_table(store)

    rebuilt(store)

    assert store.current(image).record.renditions[0] == replace(first, size_bytes=len(b"another encoder's"))
    assert store.private.objects[key].data == b"another encoder's"


def test_images_count_for_a_quota_that_they_exceed() -> None:
    store = Store(quota=Quota(images=1))
    store.upload()
    file = next(iter(store.private.objects.values()))
    assert file.data
    lose_table(store)
    Store.upload(store)
    assert store.repository.usage(OWNER) == Usage(1, len(PICTURE))

    done = rebuilt(store)

    assert done.tally.images == 1
    assert store.repository.usage(OWNER) == Usage(2, 2 * len(PICTURE))


# What is left as it is --------------------------------------------------------------------------------


def test_a_second_rebuild_finds_everything_there_and_changes_nothing(store: Store) -> None:
    store.upload()
    lose_table(store)
    rebuilt(store)
    before = store.contents()

    done = rebuilt(store)

    assert (done.tally.images, done.tally.already_there) == (0, 1)
    assert store.contents() == before


def test_records_that_exist_are_never_changed(store: Store) -> None:
    images = [store.upload(Attributes(visibility=Visibility.PUBLIC, title="A cat")), store.upload()]
    store.delete(images[1])
    before = store.contents()

    done = rebuilt(store)

    assert done.tally.already_there == 2
    assert store.contents() == before


def test_a_dry_run_counts_and_changes_nothing(store: Store) -> None:
    store.upload()
    lose_table(store)
    before = store.contents()

    done = rebuilt(store, dry_run=True)

    assert (done.tally.images, done.options.dry_run) == (1, True)
    assert store.contents() == before
    assert store.housekeeping.holder(store.clock.now()) is None


def test_other_objects_are_no_images(store: Store) -> None:
    image_id, attempt = store.ids.image_id(), store.ids.attempt()
    for key in (
        f"staging/{image_id}/{attempt}/original.png",
        f"transforms/{image_id}/{attempt}/original.png",
        f"images/{image_id}/{attempt}/thumb.webp",
        f"images/{image_id}/{attempt}/original.txt",
        f"images/{image_id}/original.png",
        f"images/no-id/{attempt}/original.png",
        "paid/job/00/call",
        "notes.txt",
    ):
        store.strew(store.private, key)

    done = rebuilt(store)

    assert (done.tally.images, done.tally.failed) == (0, 0)
    assert store.repository.records == {}


def test_an_image_that_was_deleted_stays_away_unless_it_is_requested(store: Store) -> None:
    image = store.upload()
    file = original_of(image, store)
    store.delete(image, permanent=True)
    store.clock.instant += GRACE
    store.collect()
    store.private.objects[image.record.original_key] = file  # somebody copied it back

    by_default = rebuilt(store)
    on_request = rebuilt(store, ended=True)

    assert (by_default.tally.ended, by_default.tally.images) == (1, 0)
    assert on_request.tally.images == 1
    assert store.current(image).record.version > image.record.version


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: replace(file, metadata={}),
        lambda file: replace(file, metadata=dict(file.metadata) | {"kind": "painting"}),
        lambda file: replace(file, metadata=dict(file.metadata) | {"owner": "%FF"}),
        lambda file: replace(file, metadata=dict(file.metadata) | {"sha256": "00"}),
        lambda file: replace(
            file, metadata=dict(file.metadata) | {"id": "019ca945-0a00-7000-8000-0000000000ff"}
        ),
        lambda file: replace(file, data=file.data + b"!"),
        lambda file: replace(file, data=b"no picture"),
    ],
    ids=["no metadata", "kind", "owner", "checksum", "another id", "other bytes", "no picture"],
)
def test_a_damaged_original_is_an_error_and_the_others_come_back(store: Store, damage: Any) -> None:
    bad, good = store.upload(), store.upload(data=PICTURE + b" too")
    store.private.objects[bad.record.original_key] = damage(original_of(bad, store))
    lose_table(store)

    done = rebuilt(store)

    assert (done.status, done.tally.images, done.tally.failed) == (RecoveryStatus.SUCCEEDED, 1, 1)
    assert [error.name for error in done.tally.errors] == [bad.record.original_key]
    assert store.repository.records.keys() == {good.record.id}


# Steps ------------------------------------------------------------------------------------------------


def test_a_rebuild_goes_on_in_as_many_steps_as_it_needs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_bucket, "_PAGE_OBJECTS", 2)
    images = [store.upload(data=PICTURE + bytes([number])) for number in range(3)]
    lose_table(store)
    recovery = begin(store)

    steps = 0
    while store.work.waiting:
        step(store, time=from_bucket.ROOM_FOR_ONE / 2)  # there is time for one image
        steps += 1

    assert steps > len(images)
    assert state_of(store, recovery).tally.images == len(images)
    assert store.repository.records.keys() == {image.record.id for image in images}


def test_a_step_that_is_delivered_twice_counts_once(store: Store) -> None:
    store.upload()
    lose_table(store)
    recovery = begin(store)
    [work] = store.work.waiting
    store.work.waiting.append(work)

    while store.work.waiting:
        step(store)

    assert state_of(store, recovery).tally.images == 1


def test_a_store_that_does_not_answer_is_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.upload()
    lose_table(store)
    recovery = begin(store)
    with monkeypatch.context() as away:
        away.setattr(MemoryBucket, "get", lambda *_, **__: (_ for _ in ()).throw(StorageUnavailable("away")))
        with pytest.raises(StorageUnavailable):
            step(store)
    store.work.waiting.append(RecoveryStep(recovery.id, 1))

    step(store)

    assert state_of(store, recovery).tally.images == 1


# Cleanup ----------------------------------------------------------------------------------------------


def test_nothing_is_collected_until_the_rebuild_has_ended(store: Store) -> None:
    store.upload()
    lose_table(store)
    store.clock.instant += GRACE + HOUR
    begin(store)

    assert store.collect(reconcile=True, most_removals=1_000).stopped_because == "restore"
    while store.work.waiting:
        step(store)
    report = store.collect(reconcile=True, most_removals=1_000)

    assert (report.stopped_because, report.orphans) == (None, 0)


def test_a_rebuild_waits_for_a_run_of_cleanup_that_has_begun(store: Store) -> None:
    store.upload()
    lose_table(store)
    now = store.clock.now()
    lease = store.housekeeping.take_lease(holder="a run", at=now, until=now + HOUR / 10)
    assert lease is not None
    recovery = begin(store)

    step(store)

    assert store.repository.records == {}
    assert store.work.waiting == [RecoveryStep(recovery.id, 1)]
    store.housekeeping.end_lease(lease)
    step(store)
    assert len(store.repository.records) == 1


def test_after_failures_cleanup_waits_and_the_next_try_takes_over(store: Store) -> None:
    image = store.upload()
    file = original_of(image, store)
    store.private.objects[image.record.original_key] = replace(file, metadata={})
    lose_table(store)
    rebuilt(store)
    store.clock.instant += GRACE + HOUR
    assert store.collect().stopped_because == "restore"

    store.private.objects[image.record.original_key] = file
    done = rebuilt(store)

    assert done.tally.images == 1
    assert store.collect().stopped_because is None
    assert image.record.original_key in store.private.objects


def refuse(store: Store) -> RecoveryJob:
    """A restore that is refused, because there is no such manifest."""
    named = uuid7(store.clock.now(), 1)
    options = RecoveryOptions()
    refused = store.app.recovery.requests.begin(RecoveryKind.RESTORE, options, manifest=named)
    while store.work.waiting:
        step(store)
    return store.app.recovery.requests.get(RecoveryKind.RESTORE, refused.id)


def test_after_a_refusal_cleanup_goes_on_at_once(store: Store) -> None:
    refused = refuse(store)

    assert (refused.status, refused.tally.failed) == (RecoveryStatus.FAILED, 1)
    assert store.housekeeping.holder(store.clock.now()) is None


def test_a_refusal_after_failures_leaves_cleanup_waiting(store: Store) -> None:
    image = store.upload()
    damage = original_of(image, store)
    store.private.objects[image.record.original_key] = replace(damage, data=b"no picture")
    lose_table(store)
    failed = rebuilt(store)

    refused = refuse(store)
    again = refuse(store)

    assert failed.tally.failed == 1
    assert refused.inherits_hold
    assert store.housekeeping.holder(store.clock.now()) == again.id


def test_a_lost_message_is_sent_again(store: Store) -> None:
    store.upload()
    lose_table(store)
    recovery = begin(store)
    store.work.waiting.clear()
    requests = store.app.recovery.requests
    assert requests.resume()
    assert store.work.waiting == []  # it may still be on its way

    store.clock.instant += STEP_TAKES
    assert requests.resume()

    assert store.work.waiting == [RecoveryStep(recovery.id, 1)]
    step(store)
    assert not requests.resume()


# Two at once ------------------------------------------------------------------------------------------


def test_a_second_rebuild_at_once_is_refused_and_disturbs_nothing(store: Store) -> None:
    store.upload()
    lose_table(store)
    first = begin(store)

    with pytest.raises(RecoveryInProgress):
        begin(store)
    begin(store, dry_run=True)

    while store.work.waiting:
        step(store)
    assert state_of(store, first).tally.images == 1


def test_a_rebuild_that_was_taken_over_stops_and_says_why(store: Store) -> None:
    store.upload()
    lose_table(store)
    first = begin(store)

    second = begin(store, take_over=True)
    while store.work.waiting:
        step(store)

    assert state_of(store, first).status is RecoveryStatus.FAILED
    assert [error.code for error in state_of(store, first).tally.errors] == ["recovery_in_progress"]
    assert state_of(store, second).tally.images == 1
    assert store.housekeeping.holder(store.clock.now()) is None


def test_a_rebuild_that_makes_no_progress_stands_in_the_way_for_a_week_at_most(store: Store) -> None:
    begin(store)
    store.clock.instant += LONGEST_HOLD + HOUR

    assert begin(store).status is RecoveryStatus.QUEUED


@pytest.mark.parametrize("name", ["nothing", "019ca945-0a00-7000-8000-0000000000ff"])
def test_a_rebuild_that_there_is_not_is_not_found(store: Store, name: str) -> None:
    with pytest.raises(RecoveryNotFound):
        store.app.recovery.requests.get(RecoveryKind.REBUILD, name)


def test_a_rebuild_is_no_restore(store: Store) -> None:
    recovery = begin(store)

    with pytest.raises(RecoveryNotFound):
        store.app.recovery.requests.get(RecoveryKind.RESTORE, recovery.id)
