"""Trash, restore and permanent deletion."""

from datetime import timedelta

import pytest

from image_store.domain.deadlines import TOMBSTONE_GRACE
from image_store.domain.errors import ImageNotFound
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import State, Visibility
from image_store.domain.images.quota import Usage
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE, TRASH_RETENTION


@pytest.fixture
def store() -> Store:
    return Store()


PUBLIC = Attributes(visibility=Visibility.PUBLIC)


def test_trash_keeps_the_objects_and_the_usage_and_withdraws_the_publication(store: Store) -> None:
    image = store.upload(PUBLIC)

    store.delete(image)

    record = store.current(image).record
    assert (record.state, record.publication) == (State.TRASHED, None)
    assert record.due_at == store.clock.now() + TRASH_RETENTION
    assert set(store.private.objects) == set(record.private_keys)
    assert store.public.objects == {}
    assert store.repository.usage(OWNER) == Usage(1, len(PICTURE))


def test_trashing_twice_changes_nothing(store: Store) -> None:
    image = store.upload()
    store.delete(image)
    trashed = store.current(image)
    store.clock.instant += timedelta(days=1)

    store.delete(image)

    assert store.current(image) == trashed


def test_a_trashed_image_can_still_be_read_by_its_owner(store: Store) -> None:
    image = store.upload()

    store.delete(image)

    assert store.retrieval.get(OWNER, image.record.id).record.state is State.TRASHED


def test_restore_brings_an_image_back_private(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.delete(image)
    store.clock.instant += timedelta(days=1)

    restored = store.deletion.restore(OWNER, image.record.id)

    record = restored.record
    assert store.current(image) == restored
    assert (record.state, record.visibility, record.publication) == (State.READY, Visibility.PRIVATE, None)
    assert (record.due_at, record.updated_at) == (None, store.clock.now())


def test_restoring_what_is_not_in_the_trash_changes_nothing(store: Store) -> None:
    image = store.upload(PUBLIC)

    assert store.deletion.restore(OWNER, image.record.id) == image
    assert store.current(image) == image


@pytest.mark.parametrize(
    ("waited", "keeps_expiry"), [(timedelta(minutes=59), True), (timedelta(hours=1), False)]
)
def test_restore_keeps_an_expiry_that_lies_ahead_and_drops_one_that_is_over(
    store: Store, waited: timedelta, keeps_expiry: bool
) -> None:
    expires_at = store.clock.now() + timedelta(hours=1)
    image = store.upload(Attributes(expires_at=expires_at))
    store.delete(image)
    store.clock.instant += waited

    record = store.deletion.restore(OWNER, image.record.id).record

    assert (record.expires_at, record.due_at) == ((expires_at,) * 2 if keeps_expiry else (None, None))


@pytest.mark.parametrize("trashed_first", [False, True])
def test_permanent_deletion_leaves_a_tombstone_and_nothing_else(store: Store, trashed_first: bool) -> None:
    image = store.upload(PUBLIC)
    if trashed_first:
        store.delete(image)

    store.delete(image, permanent=True)

    record = store.current(image).record
    assert record.state is State.TOMBSTONE
    assert record.due_at == store.clock.now() + TOMBSTONE_GRACE
    assert store.private.objects == {}
    assert store.public.objects == {}
    assert store.repository.usage(OWNER) == Usage(0, 0)


def test_permanent_deletion_commits_then_hides_then_deletes(store: Store) -> None:
    image = store.upload(PUBLIC)
    store.journal.clear()

    store.delete(image, permanent=True)

    assert store.journal == [
        "ready → deleting",
        "delete public",
        "delete private",
        "deleting → tombstone",
    ]


def test_a_deleted_image_is_gone_for_its_owner_even_while_its_objects_cannot_be_removed(store: Store) -> None:
    image = store.upload()
    store.private.away = True

    store.delete(image, permanent=True)

    assert store.current(image).record.state is State.DELETING
    assert store.repository.usage(OWNER) == Usage(0, 0)
    with pytest.raises(ImageNotFound):
        store.retrieval.get(OWNER, image.record.id)


def test_without_a_trash_every_deletion_is_permanent() -> None:
    store = Store(trash_retention=timedelta(0))
    image = store.upload()

    store.delete(image)

    assert store.current(image).record.state is State.TOMBSTONE
    assert store.private.objects == {}


@pytest.mark.parametrize("permanent", [False, True])
def test_what_was_deleted_for_good_cannot_be_deleted_or_restored(store: Store, permanent: bool) -> None:
    image = store.upload()
    store.delete(image, permanent=True)

    with pytest.raises(ImageNotFound):
        store.delete(image, permanent=permanent)
    with pytest.raises(ImageNotFound):
        store.deletion.restore(OWNER, image.record.id)

    assert store.current(image).record.state is State.TOMBSTONE


@pytest.mark.parametrize("permanent", [False, True])
def test_foreign_images_cannot_be_taken_away(store: Store, permanent: bool) -> None:
    image = store.upload(owner="another")

    with pytest.raises(ImageNotFound):
        store.deletion.delete(OWNER, image.record.id, permanent=permanent)

    assert store.current(image) == image


def test_foreign_images_cannot_be_taken_out_of_the_trash(store: Store) -> None:
    image = store.upload(owner="another")
    store.delete(image)

    with pytest.raises(ImageNotFound):
        store.deletion.restore(OWNER, image.record.id)

    assert store.current(image).record.state is State.TRASHED


@pytest.mark.parametrize(("permanent", "state"), [(False, State.TRASHED), (True, State.TOMBSTONE)])
def test_a_deletion_that_loses_a_race_reads_again_and_deletes(
    store: Store, permanent: bool, state: State
) -> None:
    image = store.upload()
    store.repository.meanwhile = lambda: store.show(image, Visibility.PUBLIC)

    store.delete(image, permanent=permanent)

    assert store.current(image).record.state is state
    assert store.public.objects == {}
