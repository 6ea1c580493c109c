"""Publications, and the files that are made of an image later."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from image_store.domain.delivery.publication import NO_IMAGE, PublicationRow
from image_store.domain.errors import Conflict
from image_store.domain.images.image import State
from tests.contracts.repository.images import (
    COPY,
    DEADLINE,
    MADE,
    NOON,
    PUBLICATION,
    advance,
    amended,
    due,
    minutes,
    moved,
    pending,
    published,
    query,
    ready,
    reservation,
    reserve,
    waiting,
)
from tests.fakes.rows import Rows


def test_a_publication_waits_until_it_is_current_and_again_when_it_is_not(store: Rows) -> None:
    image = ready(store)
    intended = moved(image, State.READY, intent=PUBLICATION)
    store.replace(image, intended, publications=[waiting(image), waiting(image, publication="other")])
    assert store.publication(PUBLICATION) == waiting(image)

    published = moved(intended, State.READY, intent=None, publication=PUBLICATION)
    store.replace(intended, published)

    assert store.publication(PUBLICATION) == replace(waiting(image), due_at=None)
    assert due(store, DEADLINE) == {"publication:other"}
    store.forget_publication(waiting(image), at=NOON)
    assert store.publication(PUBLICATION) == replace(waiting(image), due_at=None)

    store.replace(published, moved(published, State.READY, publication=None), publications=[waiting(image)])

    assert store.publication(PUBLICATION) == waiting(image)
    assert due(store, DEADLINE) == {"publication:other", f"publication:{PUBLICATION}"}


def test_an_announced_copy_is_named_by_the_publication_until_it_is_forgotten(store: Rows) -> None:
    image = published(store)
    known = waiting(image)

    assert store.announce_copy(PUBLICATION, COPY, until=minutes(2)) is True
    store.replace(image, moved(image, State.READY, publication=None), publications=[known])

    announced = replace(known, keys=known.keys | {COPY}, copied_until=minutes(2))
    assert store.publication(PUBLICATION) == announced
    store.forget_publication(known, at=minutes(3))
    assert store.publication(PUBLICATION) == announced, "a copy would be left that nobody knows of"
    store.forget_publication(announced, at=minutes(1))
    assert store.publication(PUBLICATION) == announced, "a copy that is on its way would be left"
    store.forget_publication(announced, at=minutes(3))
    assert store.publication(PUBLICATION) is None


def test_strays_get_a_row_that_is_due_where_there_is_none(store: Rows) -> None:
    image = published(store)
    current = store.publication(PUBLICATION)
    strays = PublicationRow("stray", NO_IMAGE, frozenset({"p/stray/thumb.jpg"}), NOON)

    for _ in range(2):  # safe to repeat
        store.add_stray_copies(strays)
        store.add_stray_copies(replace(strays, publication=PUBLICATION))

    assert store.publication("stray") == strays
    assert "publication:stray" in list(store.due(minutes(1)))
    assert store.publication(PUBLICATION) == current
    assert store.get(image.record.id) == image


def test_no_copy_can_be_announced_of_what_is_not_current(store: Rows) -> None:
    image = reserve(store)
    store.replace(image, moved(image, State.READY), publications=[waiting(image)])

    assert store.announce_copy(PUBLICATION, COPY, until=minutes(2)) is False
    assert store.announce_copy("unknown", COPY, until=minutes(2)) is False
    assert store.publication(PUBLICATION) == waiting(image)
    assert store.publication("unknown") is None


@pytest.mark.parametrize("state", [State.READY, State.TRASHED])
def test_an_amendment_changes_the_record_and_not_its_version(store: Rows, state: State) -> None:
    image = advance(store, ready(store, groups=("session:s1",), alt_text="a cat"), state)
    after = amended(image.record, renditions=(*image.record.renditions, MADE))
    cards = store.cards(query(trashed=state is State.TRASHED), after=None)

    store.amend(image.record, after)

    assert store.get(after.id) == replace(image, record=after)
    assert after.version == image.record.version
    assert store.cards(query(trashed=state is State.TRASHED), after=None) == cards


def test_an_amendment_of_what_has_changed_is_a_conflict(store: Rows) -> None:
    image = ready(store)
    changed = advance(store, image, State.READY, filename="dog.png")

    with pytest.raises(Conflict):
        store.amend(image.record, amended(image.record))

    assert store.get(image.record.id) == changed


def test_a_change_by_who_has_not_seen_an_amendment_is_a_conflict(store: Rows) -> None:
    image = ready(store)
    store.amend(image.record, first := amended(image.record))

    with pytest.raises(Conflict):
        store.replace(image, moved(image, State.TRASHED))
    with pytest.raises(Conflict):
        store.amend(image.record, amended(image.record))

    assert store.get_record(image.record.id) == first


def test_a_file_of_an_image_is_made_by_one_at_a_time(store: Rows) -> None:
    def take(holder: str, at: datetime, name: str = "id#w640.webp") -> bool:
        return store.take_rendering(name, holder=holder, at=at, until=at + timedelta(seconds=40))

    assert take("one", NOON)
    assert take("one", NOON), "a repeated call has what it took"
    assert not take("two", NOON + timedelta(seconds=30))
    assert take("two", NOON, "id#w640.avif")
    assert take("two", NOON + timedelta(seconds=41))
    assert not take("one", NOON + timedelta(seconds=42))


def test_a_forgotten_publication_is_gone_and_can_be_forgotten_again(store: Rows) -> None:
    image = pending()
    store.reserve(reservation(image, publication=waiting(image)))

    store.forget_publication(waiting(image), at=NOON)
    store.forget_publication(waiting(image), at=NOON)

    assert store.publication(PUBLICATION) is None
    assert due(store, DEADLINE) == {image.record.id}
