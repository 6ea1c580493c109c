"""What cleanup and repairs read: what is due, copies of the same bytes, owners, scans, groups and sweeps."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest

from image_store.adapters.dynamodb.upkeep import cleanup_rows
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.images.ingest import SweepPosition, VersionPosition
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
    everything,
    gallery,
    minutes,
    moved,
    pending,
    ready,
    reservation,
    reserve,
    waiting,
)
from tests.fakes.rows import Rows


def test_copies_are_the_ready_images_of_the_owner_newest_first(store: Rows) -> None:
    image_ids = gallery(store, 3, sha256=SHA256)
    advance(store, ready(store, sha256=SHA256), State.TRASHED)
    holder = reserve(store, sha256=SHA256, guarded=True)
    ready(store, sha256=SHA256, owner="another")
    ready(store)

    copies = store.copies(OWNER, SHA256)

    assert copies.image_ids == tuple(image_ids[::-1])
    assert copies.guard == holder.record.id


def test_bytes_that_nobody_stores_have_no_copies(store: Rows) -> None:
    copies = store.copies(OWNER, SHA256)

    assert (copies.image_ids, copies.guard) == ((), None)


def test_only_what_is_due_is_due(store: Rows) -> None:
    image = reserve(store, due_at=minutes(2))
    reserve(store, due_at=minutes(2) + timedelta(microseconds=1))
    ready(store)
    shown = ready(store)
    rows = [waiting(shown, minutes(1)), waiting(shown, minutes(3), "BBBBBBBBBBBBBBBBBBBBBB")]
    store.replace(shown, moved(shown, State.READY), publications=rows)

    assert due(store, minutes(2)) == {image.record.id, f"publication:{PUBLICATION}"}
    assert due(store, minutes(1) - timedelta(microseconds=1)) == set()


@pytest.mark.parametrize("state", [State.READY, State.TRASHED, State.DELETING, State.TOMBSTONE])
def test_records_of_every_state_can_be_due(store: Rows, state: State) -> None:
    image = reserve(store)
    advance(store, image, state, due_at=minutes(5))

    assert due(store, minutes(4)) == set()
    assert due(store, minutes(5)) == {image.record.id}


def test_what_is_not_due_any_more_is_not_listed(store: Rows) -> None:
    image = reserve(store)

    advance(store, image, State.READY, due_at=None)

    assert due(store, NOON + timedelta(days=1)) == set()


def test_all_that_is_due_is_named_once_while_it_is_taken_further(
    store: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_rows, "_DUE_PAGE_ROWS", 2)
    records = {image.record.id: image for image in (reserve(store) for _ in range(15))}

    for name in store.due(DEADLINE):
        advance(store, records.pop(name), State.READY, due_at=None)

    assert records == {}


def scanned(
    store: Rows, *, limit: int = 3, between: Callable[[int], None] = lambda _: None
) -> list[ImageRecord]:
    """All images that a scan shows, while something happens between its pages."""
    records: list[ImageRecord] = []
    after: str | None = None
    for page in count():
        assert page < 200
        images, after = store.scan(after=after, limit=limit)
        records += images
        if after is None:
            return records
        between(page)
    raise AssertionError


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_a_scan_shows_every_image_of_all_owners_and_states_once(store: Rows, limit: int) -> None:
    records = [reserve(store), ready(store, groups=("session:s1",)), ready(store, owner="another")]
    records.append(advance(store, ready(store), State.TRASHED, due_at=DEADLINE))
    records.append(buried(store))
    everything_of = pending(guarded=True, intent=PUBLICATION)
    store.reserve(everything(everything_of))
    records.append(everything_of)

    scanned_records = scanned(store, limit=limit)

    assert sorted(scanned_records, key=lambda record: record.id) == sorted(
        (image.record for image in records), key=lambda record: record.id
    )


def test_a_scan_of_an_empty_store_shows_nothing(store: Rows) -> None:
    assert scanned(store) == []


def test_a_scan_loses_no_image_while_others_come_and_go(store: Rows) -> None:
    stay = [ready(store, groups=("session:s1",)) for _ in range(12)]
    go = [buried(store) for _ in range(6)]

    def others_act(page: int) -> None:
        if page < 10:
            reserve(store)
        if go:
            store.forget(go.pop())

    scanned_ids = [record.id for record in scanned(store, limit=2, between=others_act)]

    assert {image.record.id for image in stay} <= set(scanned_ids)
    assert len(scanned_ids) == len(set(scanned_ids))


def test_a_scan_continues_after_an_image_that_was_forgotten_since(store: Rows) -> None:
    gone = {image.record.id: image for image in (buried(store) for _ in range(4))}
    stay = [ready(store) for _ in range(4)]
    records: list[ImageRecord] = []
    after: str | None = None
    while True:
        images, after = store.scan(after=after, limit=1)
        records += images
        for record in images:
            if record.id in gone:
                store.forget(gone.pop(record.id))
        if after is None:
            break

    assert {image.record.id for image in stay} <= {record.id for record in records}


def owners_due(store: Rows, at: datetime) -> list[str]:
    return sorted(store.owners_due(at))


def test_owners_wait_for_policies_until_their_time_has_come(store: Rows) -> None:
    store.owner_done(OWNER, next_at=NOON)
    store.owner_done("another", next_at=NOON + timedelta(hours=2))

    assert owners_due(store, NOON - timedelta(microseconds=1)) == []
    assert owners_due(store, NOON) == [OWNER]
    assert owners_due(store, NOON + timedelta(hours=2)) == sorted([OWNER, "another"])


def test_an_owner_whose_turn_is_over_waits_for_the_next(store: Rows) -> None:
    for owner in (OWNER, "another"):
        store.owner_done(owner, next_at=NOON)
    tomorrow = NOON + timedelta(days=1)

    store.owner_done(OWNER, next_at=tomorrow)
    store.owner_done(OWNER, next_at=tomorrow)

    assert owners_due(store, tomorrow - timedelta(microseconds=1)) == ["another"]
    assert owners_due(store, tomorrow) == sorted([OWNER, "another"])


def test_all_owners_that_wait_are_named_once_while_their_turns_end(
    store: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup_rows, "_DUE_PAGE_ROWS", 2)
    waiting_owners = {f"owner {number}" for number in range(15)}
    for owner in waiting_owners:
        store.owner_done(owner, next_at=NOON)

    for owner in store.owners_due(NOON):
        waiting_owners.remove(owner)
        store.owner_done(owner, next_at=NOON + timedelta(days=1))

    assert waiting_owners == set()


def test_owners_never_appear_among_what_is_due_nor_images_among_the_owners(store: Rows) -> None:
    image = reserve(store)
    store.owner_done(OWNER, next_at=NOON)

    assert due(store, DEADLINE) == {image.record.id}
    assert owners_due(store, DEADLINE) == [OWNER]


def test_members_of_a_group_come_oldest_first_page_by_page(store: Rows) -> None:
    image_ids = [
        ready(store, groups=("session:s1",), at=NOON + timedelta(minutes=n)).record.id for n in range(5)
    ]
    ready(store, groups=("session:s2",))
    group = OwnerGroup(OWNER, "session:s1")

    first = store.members(group, after=None, limit=2)
    second = store.members(group, after=first.resume_after, limit=2)
    last = store.members(group, after=second.resume_after, limit=2)

    assert (first.image_ids, second.image_ids, last.image_ids) == (
        tuple(image_ids[:2]),
        tuple(image_ids[2:4]),
        tuple(image_ids[4:]),
    )
    assert (first.resume_after, second.resume_after, last.resume_after) == (image_ids[1], image_ids[3], None)
    assert store.members(group, after=None, limit=5).resume_after is None
    assert store.members(OwnerGroup("somebody else", "session:s1"), after=None, limit=5).image_ids == ()


def test_only_images_that_are_ready_are_members(store: Rows) -> None:
    reserve(store, groups=("session:s1",))

    assert store.members(OwnerGroup(OWNER, "session:s1"), after=None, limit=5).image_ids == ()


def test_what_became_an_image_or_was_noted_is_settled_until_it_expires(store: Rows) -> None:
    store.reserve(reservation(pending(idempotency=KEY.name), idempotency=KEY))
    store.note("noted", what="refused", expires_at=NOON + timedelta(days=1))
    names = [KEY.name, "noted", "unknown", *(f"unknown {number}" for number in range(60))]

    assert set(store.find_settled(names, at=NOON)) == {KEY.name, "noted"}
    assert set(store.find_settled(["noted"], at=NOON + timedelta(days=1))) == {"noted"}
    assert set(store.find_settled(["noted"], at=NOON + timedelta(days=1, seconds=1))) == set()
    assert set(store.find_settled([], at=NOON)) == set()


def test_a_note_can_be_overwritten(store: Rows) -> None:
    store.note("noted", what="announced", expires_at=NOON)
    store.note("noted", what="refused", expires_at=NOON + timedelta(days=1))

    assert set(store.find_settled(["noted"], at=NOON + timedelta(hours=1))) == {"noted"}


@pytest.mark.parametrize("after", [None, VersionPosition("ingest/a/ключ.png", "v1")])
def test_the_position_of_a_sweep_reads_as_it_was_kept(store: Rows, after: VersionPosition | None) -> None:
    position = SweepPosition(after, NOON)

    store.keep_sweep_position("ingest", SweepPosition(VersionPosition("b", "v"), NOON))
    store.keep_sweep_position("ingest", position)

    assert store.sweep_position("ingest") == position
    assert store.sweep_position("another") is None
