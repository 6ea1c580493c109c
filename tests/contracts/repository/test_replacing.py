"""The next version of an image: lists, guards, names and usage follow it in one transaction."""

from dataclasses import replace
from typing import Any

import pytest

from image_store.domain.errors import Conflict
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.images.quota import Quota, Usage
from tests.contracts.repository.images import (
    DEADLINE,
    KEY,
    NOON,
    OWNER,
    PUBLICATION,
    SHA256,
    advance,
    buried,
    due,
    ids_of,
    kept_key,
    moved,
    pending,
    query,
    ready,
    reservation,
    reserve,
    waiting,
)
from tests.fakes.rows import Rows


def test_a_replaced_record_reads_as_it_was_written(store: Rows) -> None:
    before = reserve(store)
    after = moved(before, State.READY, due_at=None, filename="dog.png", publication=PUBLICATION)
    after = replace(after, details=Details(title="A dog", metadata={"k": "v"}))

    store.replace(before, after)

    assert store.get(before.record.id) == after
    assert store.get_record(before.record.id) == after.record


def test_a_replacement_can_be_repeated(store: Rows) -> None:
    before = reserve(store)
    after = moved(before, State.READY)

    store.replace(before, after)
    store.replace(before, after)

    assert store.get(before.record.id) == after


@pytest.mark.parametrize(
    "stale",
    [{"version": 1}, {"attempt": "another"}, {"state": State.PENDING}],
    ids=lambda value: next(iter(value)),
)
def test_a_version_that_is_not_the_one_seen_is_a_conflict_and_nothing_is_written(
    store: Rows, stale: dict[str, Any]
) -> None:
    current = ready(store, sha256=SHA256, groups=("session:s1",))
    other_publication = waiting(current, publication="kept")
    store.replace(current, current := moved(current, State.READY), publications=[other_publication])
    seen = replace(current, record=replace(current.record, **stale))
    update = replace(
        moved(seen, State.DELETING, due_at=DEADLINE, guarded=True), details=Details(groups=("session:s2",))
    )

    with pytest.raises(Conflict):
        store.replace(seen, update, publications=[waiting(current), replace(other_publication, due_at=NOON)])

    assert store.get(current.record.id) == current
    assert store.publication(PUBLICATION) is None
    assert store.publication("kept") == other_publication
    assert ids_of(store, query(group="session:s1")) == [current.record.id]
    assert ids_of(store, query(group="session:s2")) == []
    assert store.copies(OWNER, SHA256).image_ids == (current.record.id,)
    assert store.copies(OWNER, SHA256).guard is None
    assert store.usage(OWNER) == Usage(1, 1_000)
    assert due(store, DEADLINE) == {"publication:kept"}


def test_of_two_writers_who_saw_the_same_version_one_wins(store: Rows) -> None:
    seen = ready(store)
    first, second = moved(seen, State.READY), moved(seen, State.TRASHED)

    store.replace(seen, first)
    with pytest.raises(Conflict):
        store.replace(seen, second)

    assert store.get(seen.record.id) == first


def test_replacing_what_was_forgotten_is_a_conflict(store: Rows) -> None:
    tombstone = buried(store)
    store.forget(tombstone)

    with pytest.raises(Conflict):
        store.replace(tombstone, moved(tombstone, State.READY))

    assert store.get(tombstone.record.id) is None


def test_group_rows_appear_with_ready_follow_edits_and_go_with_the_trash(store: Rows) -> None:
    def shown(image: Image) -> list[str]:
        return [name for name in names if ids_of(store, query(group=name)) == [image.record.id]]

    names = ["session:s1", "session:s2", "persona:p/1"]
    image = reserve(store, groups=("session:s1", "persona:p/1"))
    assert shown(image) == []

    image = advance(store, image, State.READY)
    assert shown(image) == ["session:s1", "persona:p/1"]

    edited = replace(moved(image, State.READY), details=Details(groups=("session:s2", "persona:p/1")))
    store.replace(image, edited)
    assert shown(edited) == ["session:s2", "persona:p/1"]

    trashed = advance(store, edited, State.TRASHED)
    assert shown(trashed) == []

    restored = advance(store, trashed, State.READY)
    assert shown(restored) == ["session:s2", "persona:p/1"]

    advance(store, restored, State.DELETING)
    assert shown(restored) == []


def test_all_groups_may_be_exchanged_at_once(store: Rows) -> None:
    image = ready(store, groups=tuple(f"session:a{number}" for number in range(20)))
    new = tuple(f"session:b{number}" for number in range(20))

    store.replace(image, replace(moved(image, State.READY), details=Details(groups=new)))

    assert ids_of(store, query(group="session:a7")) == []
    assert ids_of(store, query(group="session:b7")) == [image.record.id]


def test_an_edit_shows_in_every_list(store: Rows) -> None:
    image = ready(store, groups=("session:s1",))

    advance(store, image, State.READY, filename="renamed.png", visibility=Visibility.PUBLIC)

    for list_query in (query(), query(group="session:s1")):
        [card] = store.cards(list_query, after=None).cards
        assert (card.filename, card.visibility) == ("renamed.png", Visibility.PUBLIC)


def test_the_trash_has_its_own_list_and_can_be_restored(store: Rows) -> None:
    image = ready(store)
    image_id = image.record.id
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([image_id], [])

    trashed = advance(store, image, State.TRASHED)
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([], [image_id])

    restored = advance(store, trashed, State.READY)
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([image_id], [])

    advance(store, restored, State.DELETING)
    assert (ids_of(store, query()), ids_of(store, query(trashed=True))) == ([], [])


@pytest.mark.parametrize("path", [[], [State.READY], [State.READY, State.TRASHED]], ids=str)
def test_usage_is_given_back_once_when_deleting_begins(store: Rows, path: list[State]) -> None:
    reserve(store, size_bytes=7)
    image = reserve(store, size_bytes=300)
    for state in path:
        image = advance(store, image, state)
    assert store.usage(OWNER) == Usage(2, 307)

    doomed = moved(image, State.DELETING)
    store.replace(image, doomed)
    store.replace(image, doomed)
    assert store.usage(OWNER) == Usage(1, 7)

    tombstone = advance(store, doomed, State.TOMBSTONE)
    store.forget(tombstone)
    assert store.usage(OWNER) == Usage(1, 7)


def test_bytes_given_back_can_be_used_again(store: Rows) -> None:
    quota = Quota(images=1, size_bytes=1_000)
    image = pending()
    store.reserve(reservation(image, quota=quota))
    advance(store, image, State.DELETING)

    store.reserve(reservation(pending(), quota=quota))

    assert store.usage(OWNER) == Usage(1, 1_000)


def test_many_records_and_publications_are_read_at_once(store: Rows) -> None:
    records = [ready(store) for _ in range(3)]
    store.replace(records[0], moved(records[0], State.READY), publications=[waiting(records[0])])
    ids = [image.record.id for image in records]

    assert set(store.get_records([*ids[1:], "no such image"])) == set(ids[1:])
    assert store.get_records(ids)[ids[1]] == records[1].record
    assert store.publications([PUBLICATION, "none"]) == {PUBLICATION: waiting(records[0])}
    assert store.get_records([]) == {}


def test_a_guard_is_kept_by_ready_and_released_by_the_trash(store: Rows) -> None:
    image = reserve(store, sha256=SHA256, guarded=True)
    image = advance(store, image, State.READY)
    assert store.copies(OWNER, SHA256).guard == image.record.id

    advance(store, image, State.TRASHED, guarded=False)

    assert store.copies(OWNER, SHA256).guard is None
    assert reserve(store, sha256=SHA256, guarded=True).record.id == store.copies(OWNER, SHA256).guard


def test_an_abandoned_reservation_frees_its_guard_and_its_idempotency_key(store: Rows) -> None:
    image = pending(sha256=SHA256, guarded=True, idempotency=KEY.name)
    store.reserve(reservation(image, idempotency=KEY))

    advance(store, image, State.DELETING, guarded=False)

    assert store.idempotency(KEY.name) is None
    again = pending(sha256=SHA256, guarded=True, idempotency=KEY.name)
    store.reserve(reservation(again, idempotency=KEY))
    assert store.idempotency(KEY.name) == kept_key(again)


def test_a_stored_image_keeps_its_idempotency_key_when_it_is_deleted(store: Rows) -> None:
    image = pending(idempotency=KEY.name)
    store.reserve(reservation(image, idempotency=KEY))
    image = advance(store, image, State.READY)

    advance(store, image, State.DELETING)

    assert store.idempotency(KEY.name) == kept_key(image)


def test_a_forgotten_tombstone_is_gone_and_can_be_forgotten_again(store: Rows) -> None:
    tombstone = buried(store)
    assert store.get(tombstone.record.id) == tombstone

    store.forget(tombstone)
    store.forget(tombstone)

    assert store.get(tombstone.record.id) is None
    assert store.get_record(tombstone.record.id) is None
    assert due(store, DEADLINE) == set()
