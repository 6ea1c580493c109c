"""Edits: what they may change, and what happens when two meet."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.errors import Conflict, ImageNotFound, InvalidRequest, PreconditionFailed
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.image import Image, Kind, Visibility
from image_store.services.images.editing import Edit
from tests.fakes.store import Store


@pytest.fixture
def store() -> Store:
    return Store()


def titled(title: str) -> Edit:
    return lambda image: replace(image, details=replace(image.details, title=title))


def test_an_edit_is_stored_as_the_next_version(store: Store) -> None:
    image = store.upload()
    store.clock.instant += timedelta(minutes=1)

    edited = store.edit(image, titled("A cat"))

    assert store.current(image) == edited
    assert edited.details.title == "A cat"
    assert edited.record.version == image.record.version + 1
    assert edited.record.updated_at == store.clock.now()
    assert edited.record.created_at == image.record.created_at


def test_an_edit_that_changes_nothing_makes_no_version(store: Store) -> None:
    image = store.upload(Attributes(title="A cat"))
    store.clock.instant += timedelta(minutes=1)

    assert store.edit(image, titled("A cat")) == image
    assert store.current(image) == image


def test_an_edit_of_the_version_that_was_read_succeeds(store: Store) -> None:
    image = store.upload()

    edited = store.edit(image, titled("A cat"), if_version=image.record.version)

    assert edited.details.title == "A cat"


def test_an_edit_of_an_older_version_is_refused(store: Store) -> None:
    image = store.upload()
    current = store.edit(image, titled("A cat"))

    with pytest.raises(PreconditionFailed):
        store.edit(image, titled("A dog"), if_version=image.record.version)

    assert store.current(image) == current


def test_an_edit_with_a_version_that_loses_a_race_is_refused(store: Store) -> None:
    image = store.upload()
    store.repository.meanwhile = lambda: store.edit(image, titled("A cat"))

    with pytest.raises(PreconditionFailed):
        store.edit(image, titled("A dog"), if_version=image.record.version)

    assert store.current(image).details.title == "A cat"


def test_an_edit_without_a_version_that_loses_a_race_is_made_on_top(store: Store) -> None:
    image = store.upload()
    store.repository.meanwhile = lambda: store.edit(image, titled("A cat"))

    edited = store.edit(
        image, lambda seen: replace(seen, details=replace(seen.details, rating=5, title=seen.details.title))
    )

    assert (edited.details.title, edited.details.rating) == ("A cat", 5)


def test_an_edit_that_loses_every_race_is_a_conflict(store: Store) -> None:
    image = store.upload()
    others = iter(range(100))

    def overtake() -> None:
        seen = store.current(image)
        title = f"Title {next(others)}"
        store.repository.replace(
            seen,
            Image(
                replace(seen.record, version=seen.record.version + 1, change=title),
                replace(seen.details, title=title),
            ),
        )

    def edit_while_overtaken(seen: Image) -> Image:
        store.repository.meanwhile = overtake
        return titled("A dog")(seen)

    with pytest.raises(Conflict):
        store.edit(image, edit_while_overtaken)

    assert store.current(image).details.title == "Title 2"


@pytest.mark.parametrize("remove", [Store.delete, lambda store, image: store.delete(image, permanent=True)])
def test_what_was_taken_away_cannot_be_edited(store: Store, remove: Callable[[Store, Image], None]) -> None:
    image = store.upload()
    remove(store, image)

    with pytest.raises(ImageNotFound):
        store.edit(image, titled("A cat"))

    assert store.current(image).details.title is None


def test_a_foreign_image_cannot_be_edited(store: Store) -> None:
    image = store.upload(owner="another")

    with pytest.raises(ImageNotFound):
        store.app.images.editing.edit("me", image.record.id, titled("Mine"), if_version=None)

    assert store.current(image) == image


@pytest.mark.parametrize("visibility", [Visibility.UNLISTED, Visibility.PUBLIC])
def test_a_reference_stays_private(store: Store, visibility: Visibility) -> None:
    image = store.upload(Attributes(kind=Kind.REFERENCE))

    with pytest.raises(InvalidRequest):
        store.show(image, visibility)

    assert store.current(image) == image
    assert store.public.objects == {}


def test_alt_text_that_was_derived_follows_the_title(store: Store) -> None:
    image = store.upload(Attributes(title="A cat"))

    assert store.edit(image, titled("A dog")).details.alt_text == "A dog"


def test_alt_text_that_was_given_stays(store: Store) -> None:
    image = store.upload(Attributes(title="A cat", alt_text="My words"))

    assert store.edit(image, titled("A dog")).details.alt_text == "My words"


def test_alt_text_that_is_taken_away_is_derived_again(store: Store) -> None:
    image = store.upload(Attributes(title="A cat", alt_text="My words"))

    edited = store.edit(
        image,
        lambda seen: replace(seen, details=replace(seen.details, alt_text=None, alt_text_given=False)),
    )

    assert edited.details.alt_text == "A cat"


def expiring(after: timedelta | None, store: Store) -> Edit:
    expires_at = store.clock.now() + after if after is not None else None
    return lambda image: replace(image, record=replace(image.record, expires_at=expires_at))


def test_an_expiry_makes_the_image_due_and_can_be_taken_back(store: Store) -> None:
    image = store.upload()

    dated = store.edit(image, expiring(timedelta(hours=1), store))
    assert dated.record.due_at == store.clock.now() + timedelta(hours=1)

    without_expiry = store.edit(image, expiring(None, store))
    assert (without_expiry.record.expires_at, without_expiry.record.due_at) == (None, None)


def test_an_image_cannot_be_edited_to_expire_now(store: Store) -> None:
    image = store.upload()

    with pytest.raises(InvalidRequest):
        store.edit(image, expiring(timedelta(0), store))

    assert store.current(image) == image


def test_an_image_past_its_expiry_can_still_be_edited_until_it_is_collected(store: Store) -> None:
    image = store.upload(Attributes(expires_at=store.clock.now() + timedelta(minutes=1)))
    store.clock.instant += timedelta(minutes=2)

    edited = store.edit(image, titled("A cat"))

    assert edited.record.due_at == image.record.expires_at
