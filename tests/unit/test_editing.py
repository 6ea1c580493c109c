"""Edits: what they may change, and what happens when two meet."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from image_store.domain.attributes import Attributes
from image_store.domain.errors import Conflict, ImageNotFound, InvalidRequest, PreconditionFailed
from image_store.domain.image import Kind, Record, Visibility
from image_store.services.editing import Edit
from tests.fakes.store import Store


@pytest.fixture
def store() -> Store:
    return Store()


def titled(title: str) -> Edit:
    return lambda record: replace(record, details=replace(record.details, title=title))


def test_an_edit_is_stored_as_the_next_version(store: Store) -> None:
    record = store.upload()
    store.clock.instant += timedelta(minutes=1)

    edited = store.edit(record, titled("A cat"))

    assert store.current(record) == edited
    assert edited.details.title == "A cat"
    assert edited.image.version == record.image.version + 1
    assert edited.image.updated_at == store.clock.now()
    assert edited.image.created_at == record.image.created_at


def test_an_edit_that_changes_nothing_makes_no_version(store: Store) -> None:
    record = store.upload(Attributes(title="A cat"))
    store.clock.instant += timedelta(minutes=1)

    assert store.edit(record, titled("A cat")) == record
    assert store.current(record) == record


def test_an_edit_of_the_version_that_was_read_succeeds(store: Store) -> None:
    record = store.upload()

    edited = store.edit(record, titled("A cat"), if_version=record.image.version)

    assert edited.details.title == "A cat"


def test_an_edit_of_an_older_version_is_refused(store: Store) -> None:
    record = store.upload()
    current = store.edit(record, titled("A cat"))

    with pytest.raises(PreconditionFailed):
        store.edit(record, titled("A dog"), if_version=record.image.version)

    assert store.current(record) == current


def test_an_edit_with_a_version_that_loses_a_race_is_refused(store: Store) -> None:
    record = store.upload()
    store.repository.meanwhile = lambda: store.edit(record, titled("A cat"))

    with pytest.raises(PreconditionFailed):
        store.edit(record, titled("A dog"), if_version=record.image.version)

    assert store.current(record).details.title == "A cat"


def test_an_edit_without_a_version_that_loses_a_race_is_made_on_top(store: Store) -> None:
    record = store.upload()
    store.repository.meanwhile = lambda: store.edit(record, titled("A cat"))

    edited = store.edit(
        record, lambda seen: replace(seen, details=replace(seen.details, rating=5, title=seen.details.title))
    )

    assert (edited.details.title, edited.details.rating) == ("A cat", 5)


def test_an_edit_that_loses_every_race_is_a_conflict(store: Store) -> None:
    record = store.upload()
    others = iter(range(100))

    def overtake() -> None:
        seen = store.current(record)
        title = f"Title {next(others)}"
        store.repository.replace(
            seen,
            Record(
                replace(seen.image, version=seen.image.version + 1, change=title),
                replace(seen.details, title=title),
            ),
        )

    def edit_while_overtaken(seen: Record) -> Record:
        store.repository.meanwhile = overtake
        return titled("A dog")(seen)

    with pytest.raises(Conflict):
        store.edit(record, edit_while_overtaken)

    assert store.current(record).details.title == "Title 2"


@pytest.mark.parametrize("remove", [Store.delete, lambda store, found: store.delete(found, permanent=True)])
def test_what_was_taken_away_cannot_be_edited(store: Store, remove: Callable[[Store, Record], None]) -> None:
    record = store.upload()
    remove(store, record)

    with pytest.raises(ImageNotFound):
        store.edit(record, titled("A cat"))

    assert store.current(record).details.title is None


def test_a_foreign_image_cannot_be_edited(store: Store) -> None:
    record = store.upload(owner="another")

    with pytest.raises(ImageNotFound):
        store.editing.edit("me", record.image.id, titled("Mine"), if_version=None)

    assert store.current(record) == record


@pytest.mark.parametrize("visibility", [Visibility.UNLISTED, Visibility.PUBLIC])
def test_a_reference_stays_private(store: Store, visibility: Visibility) -> None:
    record = store.upload(Attributes(kind=Kind.REFERENCE))

    with pytest.raises(InvalidRequest):
        store.show(record, visibility)

    assert store.current(record) == record
    assert store.public.objects == {}


def test_alt_text_that_was_derived_follows_the_title(store: Store) -> None:
    record = store.upload(Attributes(title="A cat"))

    assert store.edit(record, titled("A dog")).details.alt_text == "A dog"


def test_alt_text_that_was_given_stays(store: Store) -> None:
    record = store.upload(Attributes(title="A cat", alt_text="My words"))

    assert store.edit(record, titled("A dog")).details.alt_text == "My words"


def test_alt_text_that_is_taken_away_is_derived_again(store: Store) -> None:
    record = store.upload(Attributes(title="A cat", alt_text="My words"))

    edited = store.edit(
        record,
        lambda seen: replace(seen, details=replace(seen.details, alt_text=None, alt_text_given=False)),
    )

    assert edited.details.alt_text == "A cat"


def expiring(after: timedelta | None, store: Store) -> Edit:
    expires_at = store.clock.now() + after if after is not None else None
    return lambda record: replace(record, image=replace(record.image, expires_at=expires_at))


def test_an_expiry_makes_the_image_due_and_can_be_taken_back(store: Store) -> None:
    record = store.upload()

    dated = store.edit(record, expiring(timedelta(hours=1), store))
    assert dated.image.due_at == store.clock.now() + timedelta(hours=1)

    kept = store.edit(record, expiring(None, store))
    assert (kept.image.expires_at, kept.image.due_at) == (None, None)


def test_an_image_cannot_be_edited_to_expire_now(store: Store) -> None:
    record = store.upload()

    with pytest.raises(InvalidRequest):
        store.edit(record, expiring(timedelta(0), store))

    assert store.current(record) == record


def test_an_image_past_its_expiry_can_still_be_edited_until_it_is_collected(store: Store) -> None:
    record = store.upload(Attributes(expires_at=store.clock.now() + timedelta(minutes=1)))
    store.clock.instant += timedelta(minutes=2)

    edited = store.edit(record, titled("A cat"))

    assert edited.image.due_at == record.image.expires_at
