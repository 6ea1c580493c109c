"""Making images public and private again: what is shown at every moment, and what is left when it fails."""

from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import Conflict, ImageNotFound, StorageUnavailable
from image_store.domain.ids import link
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Visibility
from image_store.domain.images.reservation import RESERVATION_LIFETIME
from tests.fakes.store import Store

SHOWN = [Visibility.UNLISTED, Visibility.PUBLIC]


@pytest.fixture
def store() -> Store:
    return Store()


def publication_of(image: Image) -> str:
    assert image.record.publication is not None
    return image.record.publication


def is_shown(store: Store, image: Image, publication: str) -> bool:
    try:
        store.retrieval.get_public(link(image.record.id, publication))
    except ImageNotFound:
        return False
    return True


@pytest.mark.parametrize("visibility", SHOWN)
def test_publishing_states_its_intent_copies_and_commits(store: Store, visibility: Visibility) -> None:
    image = store.upload()
    store.journal.clear()

    shown = store.show(image, visibility)

    assert store.journal == ["ready → ready", "copy public", "copy public", "ready → ready"]
    assert (shown.record.visibility, shown.record.intent) == (visibility, None)
    assert set(store.public.objects) == set(shown.record.public_keys(publication_of(shown)))
    assert store.repository.due_publications == {}
    assert is_shown(store, shown, publication_of(shown))


def test_copies_have_only_a_type_and_a_lifetime(store: Store) -> None:
    image = store.upload(Attributes(cache_control="public, max-age=9"))

    store.show(image, Visibility.PUBLIC)

    headers = {
        (file.content_type, file.cache_control, *file.metadata) for file in store.public.objects.values()
    }
    assert headers == {("image/jpeg", "public, max-age=9"), ("image/webp", "public, max-age=9")}


def test_publishing_keeps_the_other_changes_of_the_edit(store: Store) -> None:
    image = store.upload()

    shown = store.edit(
        image,
        lambda seen: Image(
            replace(seen.record, visibility=Visibility.PUBLIC, category="cats"),
            replace(seen.details, title="A cat"),
        ),
    )

    assert store.current(image) == shown
    assert (shown.record.category, shown.details.title) == ("cats", "A cat")
    assert is_shown(store, shown, publication_of(shown))


def test_public_and_unlisted_share_a_publication(store: Store) -> None:
    image = store.upload(Attributes(visibility=Visibility.PUBLIC))
    store.journal.clear()

    unlisted = store.show(image, Visibility.UNLISTED)

    assert unlisted.record.publication == image.record.publication
    assert store.journal == ["ready → ready"]


def test_unpublishing_commits_before_it_deletes_the_copies(store: Store) -> None:
    image = store.upload(Attributes(visibility=Visibility.PUBLIC))
    store.journal.clear()

    hidden = store.show(image, Visibility.PRIVATE)

    assert store.journal == ["ready → ready", "delete public"]
    assert hidden.record.publication is None
    assert store.public.objects == {}
    assert store.repository.due_publications == {}
    assert not is_shown(store, image, publication_of(image))


def test_an_old_link_stays_dead_when_the_image_is_published_again(store: Store) -> None:
    first = store.upload(Attributes(visibility=Visibility.PUBLIC))
    store.show(first, Visibility.PRIVATE)

    second = store.show(first, Visibility.PUBLIC)

    assert not is_shown(store, first, publication_of(first))
    assert is_shown(store, second, publication_of(second))


def test_a_copy_that_fails_leaves_the_image_private_and_cleanup_a_row(store: Store) -> None:
    image = store.upload()
    store.public.away = True

    with pytest.raises(StorageUnavailable):
        store.show(image, Visibility.PUBLIC)

    record = store.current(image).record
    assert (record.visibility, record.publication) == (Visibility.PRIVATE, None)
    [row] = store.repository.due_publications.values()
    assert (row.publication, row.due_at) == (record.intent, store.clock.now() + RESERVATION_LIFETIME)


def test_publishing_again_after_a_failure_succeeds_and_loses_what_was_left(store: Store) -> None:
    image = store.upload()
    store.public.away = True
    with pytest.raises(StorageUnavailable):
        store.show(image, Visibility.PUBLIC)
    store.public.away = False

    shown = store.show(image, Visibility.PUBLIC)
    store.clock.instant += RESERVATION_LIFETIME
    store.collect()

    assert store.current(shown) == shown
    assert store.repository.due_publications == {}
    assert set(store.public.objects) == set(shown.record.public_keys(publication_of(shown)))


def test_copies_that_cannot_be_removed_are_left_to_cleanup_and_their_link_is_dead(store: Store) -> None:
    image = store.upload(Attributes(visibility=Visibility.PUBLIC))
    store.public.away = True

    store.show(image, Visibility.PRIVATE)

    assert not is_shown(store, image, publication_of(image))
    assert store.repository.due_publications.keys() == {publication_of(image)}
    store.public.away = False
    assert store.collect().collected == {"publications": 1}
    assert store.public.objects == {}
    assert store.repository.due_publications == {}


def test_an_image_trashed_while_it_is_published_stays_hidden(store: Store) -> None:
    image = store.upload()

    def trash_before_the_commit() -> None:
        store.repository.meanwhile = lambda: store.delete(image)

    store.repository.meanwhile = trash_before_the_commit

    with pytest.raises(ImageNotFound):
        store.show(image, Visibility.PUBLIC)

    assert store.current(image).record.publication is None
    store.clock.instant += RESERVATION_LIFETIME
    store.collect()
    assert store.public.objects == {}
    assert store.repository.due_publications == {}


def test_an_image_whose_objects_are_gone_is_not_published(store: Store) -> None:
    image = store.upload()
    store.private.objects.clear()

    with pytest.raises(Conflict):
        store.show(image, Visibility.PUBLIC)

    assert store.current(image).record.visibility is Visibility.PRIVATE


def test_without_a_public_bucket_publications_come_and_go_without_copies() -> None:
    store = Store(publishes=False)
    image = store.upload()

    shown = store.show(image, Visibility.PUBLIC)
    assert is_shown(store, shown, publication_of(shown))

    store.show(image, Visibility.PRIVATE)
    assert not is_shown(store, shown, publication_of(shown))
    assert store.public.objects == {}
    assert store.repository.due_publications == {}


def test_a_publication_that_died_is_taken_back_once_its_time_is_over(store: Store) -> None:
    image = store.upload()
    store.public.away = True
    with pytest.raises(StorageUnavailable):
        store.show(image, Visibility.PUBLIC)
    store.public.away = False

    store.clock.instant += RESERVATION_LIFETIME - timedelta(microseconds=1)
    assert store.collect().collected == {}

    store.clock.instant += timedelta(microseconds=1)
    assert store.collect().collected == {"publications": 1}
    assert store.current(image).record.intent is None
