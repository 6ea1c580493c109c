"""Changing and restoring many images: each in a transaction of its own, and only as long as there is time (I1)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import DeadlineExceeded, ImageNotFound, InvalidRequest, StorageUnavailable
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.services.images.batch_changes import ChangeResult
from image_store.services.images.batches import Batches
from image_store.services.images.editing import Edit
from tests.fakes.store import Store
from tests.samples import OWNER

GENERATED = Attributes(kind=Kind.GENERATED, generation={"prompt": "A lighthouse"})


@pytest.fixture
def store() -> Store:
    return Store()


def ids(images: Sequence[Image]) -> tuple[str, ...]:
    return tuple(image.record.id for image in images)


def tagged(tag: str) -> Edit:
    return lambda image: replace(image, details=replace(image.details, tags=(tag,)))


def shown(image: Image) -> Image:
    return replace(image, record=replace(image.record, visibility=Visibility.PUBLIC))


def change(store: Store, images: Sequence[Image], edit: Edit) -> ChangeResult:
    until = store.clock.now() + timedelta(seconds=20)
    return store.app.images.batch_changes.edit(OWNER, ids(images), edit, until=until)


def restore(store: Store, images: Sequence[Image]) -> ChangeResult:
    until = store.clock.now() + timedelta(seconds=20)
    return store.app.images.batch_changes.restore(OWNER, ids(images), until=until)


def test_each_image_is_changed_once_and_in_a_write_of_its_own(store: Store) -> None:
    images = [store.upload(owner=OWNER) for _ in range(3)]

    done = change(store, [*images, images[0]], tagged("flat"))

    assert done == ChangeResult(ids(images), ())
    for image in images:
        current = store.current(image)
        assert (current.details.tags, current.record.version) == (("flat",), image.record.version + 1)


def test_an_image_that_may_not_be_published_does_not_stop_the_others(store: Store) -> None:
    reference = store.upload(Attributes(kind=Kind.REFERENCE), owner=OWNER)
    other = store.upload(owner=OWNER)

    done = change(store, [reference, other], shown)

    assert done.successful == (other.record.id,)
    assert [type(error) for _, error in done.failed] == [InvalidRequest]
    assert store.current(reference) == reference
    assert store.current(other).record.publication is not None


def test_a_write_that_fails_leaves_its_image_as_it_is_and_can_be_repeated(store: Store) -> None:
    images = [store.upload(owner=OWNER) for _ in range(3)]

    def away() -> None:
        raise StorageUnavailable("The table is away.")

    store.repository.meanwhile = away
    first = change(store, images, tagged("flat"))
    second = change(store, images, tagged("flat"))

    assert [type(error) for _, error in first.failed] == [StorageUnavailable]
    assert (len(first.successful), second) == (2, ChangeResult(ids(images), ()))
    assert {store.current(image).record.version for image in images} == {images[0].record.version + 1}


def test_a_change_that_loses_a_race_is_made_on_top(store: Store) -> None:
    image = store.upload(owner=OWNER)
    store.repository.meanwhile = lambda: store.edit(image, shown)

    done = change(store, [image], tagged("flat"))

    current = store.current(image)
    assert done == ChangeResult(ids([image]), ())
    assert (current.details.tags, current.record.visibility) == (("flat",), Visibility.PUBLIC)


def test_a_restore_that_loses_a_race_succeeds(store: Store) -> None:
    image = store.upload(owner=OWNER)
    store.delete(image)
    store.repository.meanwhile = lambda: store.deletion.restore(OWNER, image.record.id)

    assert restore(store, [image]) == ChangeResult(ids([image]), ())
    assert store.current(image).record.state is State.READY


def test_what_is_not_in_the_trash_stays_as_it_is(store: Store) -> None:
    trashed, ready, gone = (store.upload(owner=OWNER) for _ in range(3))
    store.delete(trashed)
    store.delete(gone, permanent=True)

    done = restore(store, [trashed, ready, gone])

    assert done.successful == ids([trashed, ready])
    assert [(image_id, type(error)) for image_id, error in done.failed] == [(gone.record.id, ImageNotFound)]
    assert store.current(ready) == ready


def test_nothing_is_decrypted_for_what_is_not_shown() -> None:
    store = Store(seals=True)
    image = store.upload(GENERATED, owner=OWNER)
    store.cipher.away = True

    changed = change(store, [image], tagged("flat"))
    store.delete(image)
    restored = restore(store, [image])

    assert (changed.failed, restored.failed) == ((), ())
    store.cipher.away = False
    shown_image = store.edit(image, tagged("flatter"))
    assert (shown_image.details.generation or {})["prompt"] == "A lighthouse"


def test_images_that_are_not_reached_in_time_fail_for_that_reason(store: Store) -> None:
    images = [store.upload(owner=OWNER) for _ in range(3)]

    def slow(image: Image) -> Image:
        store.clock.instant += timedelta(minutes=1)
        return tagged("flat")(image)

    changes = replace(store.app.images.batch_changes, batches=Batches(clock=store.clock, concurrency=1))
    done = changes.edit(OWNER, ids(images), slow, until=store.clock.now() + timedelta(seconds=20))

    assert done.successful == ids(images[:1])
    assert [(image_id, type(error)) for image_id, error in done.failed] == [
        (image_id, DeadlineExceeded) for image_id in ids(images[1:])
    ]
    assert store.current(images[1]) == images[1]
