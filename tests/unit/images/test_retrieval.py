"""Who may see which image."""

import pytest

from image_store.domain.errors import ImageNotFound, StorageUnavailable
from image_store.domain.ids import link
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Visibility
from tests.fakes.store import Store
from tests.samples import OWNER

STRANGE_IDS = ["", "META", "../secret", "01234567-89ab-4def-8123-456789abcdef", "Ж" * 36, "A" * 10_000]


@pytest.fixture
def store() -> Store:
    return Store()


def test_owners_read_their_images(store: Store) -> None:
    image = store.upload()

    assert store.retrieval.get(OWNER, image.record.id) == image
    assert store.retrieval.get_record(OWNER, image.record.id) == image.record


@pytest.mark.parametrize("visibility", Visibility)
def test_foreign_images_are_not_found_whatever_their_visibility(store: Store, visibility: Visibility) -> None:
    image = store.upload(Attributes(visibility=visibility), owner="another")

    with pytest.raises(ImageNotFound):
        store.retrieval.get(OWNER, image.record.id)
    with pytest.raises(ImageNotFound):
        store.retrieval.get_record(OWNER, image.record.id)


def test_nothing_distinguishes_foreign_images_from_missing_ones(store: Store) -> None:
    foreign = store.upload(owner="another").record.id
    answers = []

    for image_id in (foreign, store.ids.image_id(), "no id"):
        with pytest.raises(ImageNotFound) as raised:
            store.retrieval.get(OWNER, image_id)
        answers.append((raised.value.code, raised.value.message))

    assert len(set(answers)) == 1


@pytest.mark.parametrize("image_id", STRANGE_IDS, ids=repr)
def test_what_is_not_an_id_is_not_found(store: Store, image_id: str) -> None:
    with pytest.raises(ImageNotFound):
        store.retrieval.get(OWNER, image_id)
    with pytest.raises(ImageNotFound):
        store.retrieval.get_record(OWNER, image_id)


def test_an_id_in_capitals_is_another_id(store: Store) -> None:
    image = store.upload()
    assert image.record.id != image.record.id.upper()

    with pytest.raises(ImageNotFound):
        store.retrieval.get(OWNER, image.record.id.upper())


def test_a_reservation_is_not_found(store: Store) -> None:
    store.private.away = True
    with pytest.raises(StorageUnavailable):
        store.upload()

    [image_id] = store.repository.records

    with pytest.raises(ImageNotFound):
        store.retrieval.get(OWNER, image_id)


@pytest.mark.parametrize("visibility", [Visibility.UNLISTED, Visibility.PUBLIC])
def test_anyone_with_the_link_sees_a_published_image(store: Store, visibility: Visibility) -> None:
    record = store.upload(Attributes(visibility=visibility)).record
    assert record.publication is not None

    assert store.retrieval.get_public(link(record.id, record.publication)) == record


def test_a_link_with_another_publication_shows_nothing(store: Store) -> None:
    record = store.upload(Attributes(visibility=Visibility.PUBLIC)).record

    with pytest.raises(ImageNotFound):
        store.retrieval.get_public(link(record.id, store.ids.publication()))


def test_a_link_to_a_private_image_shows_nothing(store: Store) -> None:
    record = store.upload().record

    with pytest.raises(ImageNotFound):
        store.retrieval.get_public(link(record.id, store.ids.publication()))


@pytest.mark.parametrize("text", ["", "A" * 42, "A" * 43, "A" * 44, "Ж" * 43, "not/a/link"])
def test_what_is_not_a_link_shows_nothing(store: Store, text: str) -> None:
    store.upload(Attributes(visibility=Visibility.PUBLIC))

    with pytest.raises(ImageNotFound):
        store.retrieval.get_public(text)
