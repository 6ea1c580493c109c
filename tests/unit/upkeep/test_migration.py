"""Migrations on storage in memory: every record once, whatever happens to the workers (A16)."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from image_store.domain.errors import (
    ImageNotFound,
    InvalidCursor,
    InvalidRequest,
    MigrationNotFound,
    StorageUnavailable,
    UnsupportedMediaType,
)
from image_store.domain.finding.lists import ListQuery
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Reservation
from image_store.domain.upkeep.migration import (
    MAX_LINE_BYTES,
    FieldNames,
    Folder,
    JsonLines,
    Migration,
    MigrationStatus,
    OneRecord,
    Options,
    SourceRecord,
    Table,
)
from image_store.domain.work import MigrateBatch
from image_store.ports.objects import StoredObject
from image_store.services.upkeep.migration.json_lines import PART_BYTES
from image_store.services.upkeep.migration.run import ROOM_FOR_ONE
from tests.fakes.store import Store
from tests.faults.faults import Killed
from tests.faults.world import OWNER, PICTURE

KEY = "migrations/old.jsonl"
HOUR = timedelta(hours=1)
DATA_URI = "data:image/png;base64," + base64.b64encode(PICTURE).decode()


def new_store(**settings: Any) -> Store:
    """A store whose time goes on: each look at the clock takes a millisecond."""
    store = Store(**settings)

    def now() -> datetime:
        store.clock.instant += timedelta(milliseconds=1)
        return store.clock.instant

    store.clock.now = now  # type: ignore[method-assign]
    return store


@pytest.fixture
def store() -> Store:
    return new_store()


def picture(number: int) -> bytes:
    return PICTURE + f" number {number}".encode()


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def record(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": f"r{number}", "owner": OWNER, "image": text_of(picture(number))} | changes


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in records)


def put(store: Store, data: bytes, key: str = KEY) -> None:
    store.ingested.objects.pop(key, None)
    store.ingested.put(key, data, content_type="text/plain", cache_control="", metadata={})


def begin(store: Store, source: Any = None, **options: Any) -> Migration:
    return store.migration_requests.begin(source or JsonLines(KEY), Options(**options))


def receive(store: Store, *, room: timedelta = HOUR) -> MigrateBatch:
    """Do the oldest work that waits; every step takes a second."""
    work = store.work.waiting[0]
    assert isinstance(work, MigrateBatch)
    store.clock.instant += timedelta(seconds=1)
    store.migration_run.carry_on(work, until=store.clock.now() + room)
    store.work.waiting.pop(0)
    return work


def finish(store: Store) -> Migration:
    """Do all work there is, and answer the last state that was saved."""
    while store.work.waiting:
        receive(store)
    return store.migrations.saved[-1]


def migrate(store: Store, *records: Any, **options: Any) -> Migration:
    put(store, lines(*records))
    begin(store, **options)
    return finish(store)


def numbers(migration: Migration) -> tuple[int | None, int, int, int | None, int]:
    """Total, moved, already moved, left and failed."""
    tally = migration.tally
    return (migration.total, tally.moved, tally.already_moved, migration.left, tally.failed)


def images_of(store: Store, record_id: str, owner: str = OWNER) -> list[str]:
    """The images of a record's group: one list call."""
    query = ListQuery(owner=owner, limit=100, group=f"record:{record_id}")
    return [card.id for card in store.lists.page(query, cursor=None).cards]


def stored_bytes(store: Store, image_id: str) -> bytes:
    return store.private.objects[store.repository.records[image_id].record.original_key].data


def failure(migration: Migration) -> tuple[str, str]:
    ((record_name, code),) = [(error.record, error.code) for error in migration.tally.errors]
    return record_name, code


# What becomes of records ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [
        text_of(PICTURE),
        DATA_URI,
        DATA_URI.replace("data:", "DATA:"),
        f"\n {text_of(PICTURE)[:8]}\r\n{text_of(PICTURE)[8:]}\n",
        "data:image/png;charset=x;base64," + text_of(PICTURE).replace("+", "%2B").replace("/", "%2F"),
    ],
    ids=["base64", "data URI", "capitals", "broken lines", "percent-encoded"],
)
def test_a_record_becomes_an_image_of_its_group(store: Store, image: str) -> None:
    done = migrate(store, record(1, image=image, attributes={"title": "Катя", "tags": ["a"]}))

    assert (done.status, numbers(done)) == (MigrationStatus.SUCCEEDED, (1, 1, 0, 0, 0))
    (image_id,) = images_of(store, "r1")
    assert stored_bytes(store, image_id) == PICTURE
    assert store.repository.records[image_id].details.title == "Катя"


def test_fields_may_have_other_names_and_all_images_one_owner(store: Store) -> None:
    names = FieldNames(image="picture", id="key", attributes="about", owner="user")
    old = {"key": 17, "picture": DATA_URI, "user": "somebody", "about": {"title": "t"}}

    done = migrate(store, old, fields=names, owner="alice")

    assert numbers(done) == (1, 1, 0, 0, 0)
    assert len(images_of(store, "17", owner="alice")) == 1


@pytest.mark.parametrize("record_id", ["x" * 129, "a\u0007b", "\u202e"])
def test_an_id_that_names_no_group_is_hashed(store: Store, record_id: str) -> None:
    migrate(store, record(1, id=record_id))

    (stored,) = store.repository.records.values()
    (group,) = stored.details.groups
    assert len(group) == len("record:") + 64


def test_the_same_picture_twice_is_two_images(store: Store) -> None:
    done = migrate(store, record(1), record(2, image=record(1)["image"]))

    assert numbers(done) == (2, 2, 0, 0, 0)
    assert len({*images_of(store, "r1"), *images_of(store, "r2")}) == 2


def test_the_same_record_twice_is_one_image(store: Store) -> None:
    done = migrate(store, record(1), record(1), record(2), record(1), batch_size=2)

    assert numbers(done) == (4, 2, 2, 0, 0)
    assert len(images_of(store, "r1")) == 1


def test_another_picture_under_the_same_id_is_refused(store: Store) -> None:
    done = migrate(store, record(1), record(1, image=text_of(picture(2))))

    assert numbers(done) == (2, 1, 0, 0, 1)
    assert failure(done) == ("line 2", "idempotency_mismatch")


BAD = {
    b"{": "invalid_request",
    b"[]": "invalid_request",
    b'{"id": NaN}': "invalid_request",
    b"\xff\xfe": "invalid_request",
    b"[" * 100_000: "invalid_request",
    lines(record(1, id="")).strip(): "invalid_request",
    lines(record(1, id=None)).strip(): "invalid_request",
    lines(record(1, id=True)).strip(): "invalid_request",
    lines(record(1, id="\ud800")).strip(): "invalid_request",
    lines(record(1, owner=None)).strip(): "invalid_request",
    lines(record(1, owner="a\nb")).strip(): "invalid_request",
    lines(record(1, owner="o" * 256)).strip(): "invalid_request",
    lines(record(1, owner="\u732b" * 255)).strip(): "invalid_request",
    lines(record(1, owner=7)).strip(): "invalid_request",
    lines(record(1, image="")).strip(): "invalid_request",
    lines(record(1, image=" ")).strip(): "invalid_request",
    lines(record(1, image=3)).strip(): "invalid_request",
    lines(record(1, image="no base64!")).strip(): "invalid_request",
    lines(record(1, image="data:image/png;base64")).strip(): "invalid_request",
    lines(record(1, image=DATA_URI.replace("png", "jpeg"))).strip(): "content_type_mismatch",
    lines(record(1, attributes=[])).strip(): "invalid_request",
    lines(record(1, attributes={"colour": "red"})).strip(): "invalid_request",
    lines(record(1, attributes={"kind": "reference", "visibility": "public"})).strip(): "invalid_request",
    lines(record(1, attributes={"metadata": {"a": "x" * 5000}})).strip(): "attributes_too_large",
    lines(record(1, attributes={"on_duplicate": "reject"})).strip(): "invalid_request",
    lines(record(1, attributes={"groups": {"a": [str(n) for n in range(20)]}})).strip(): "invalid_request",
}


@pytest.mark.parametrize("line", BAD, ids=lambda line: ascii(line[:60]))
def test_a_bad_record_is_told_and_stops_nothing(store: Store, line: bytes) -> None:
    put(store, lines(record(8)) + line + b"\n" + lines(record(9)))
    begin(store)

    done = finish(store)

    assert (done.status, numbers(done)) == (MigrationStatus.SUCCEEDED, (3, 2, 0, 0, 1))
    assert failure(done) == ("line 2", BAD[line])
    assert text_of(PICTURE)[:20] not in repr(done.tally.errors)


def test_a_quota_that_is_used_up_fails_what_is_beyond_it() -> None:
    store = new_store(quota=Quota(images=1))

    done = migrate(store, record(1), record(2))

    assert numbers(done) == (2, 1, 0, 0, 1)
    assert failure(done) == ("line 2", "quota_exceeded")


def test_only_the_last_fifty_errors_are_kept(store: Store) -> None:
    done = migrate(store, *range(60))

    assert done.tally.failed == 60
    assert [error.record for error in done.tally.errors] == [f"line {number}" for number in range(11, 61)]


# JSON lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n \r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_lines_may_end_in_many_ways_and_blank_ones_are_none(store: Store, ending: bytes, last: bytes) -> None:
    put(store, b"\xef\xbb\xbf" + ending.join(lines(record(number)).strip() for number in range(5)) + last)
    begin(store, batch_size=2)

    done = finish(store)

    assert numbers(done) == (5, 5, 0, 0, 0)


def test_an_empty_file_is_done_at_once(store: Store) -> None:
    done = migrate(store)

    assert (done.status, numbers(done)) == (MigrationStatus.SUCCEEDED, (0, 0, 0, 0, 0))


@pytest.mark.parametrize("beyond", [-1, 0, 1, PART_BYTES, 3 * PART_BYTES])
def test_a_line_is_as_long_as_a_line_may_be(store: Store, beyond: int) -> None:
    line = lines(record(1)).strip()
    long = line + b" " * (MAX_LINE_BYTES + beyond - len(line))
    put(store, lines(record(0)) + long + b"\r\n" + lines(record(2)))
    begin(store)

    done = finish(store)

    fits = beyond <= 0
    assert numbers(done) == (3, 3 if fits else 2, 0, 0, 0 if fits else 1)
    if not fits:
        assert failure(done) == ("line 2", "payload_too_large")


def test_a_long_line_at_the_end_of_a_file_is_one_record(store: Store) -> None:
    put(store, lines(record(0)) + b"x" * (MAX_LINE_BYTES + 2 * PART_BYTES))
    begin(store)

    done = finish(store)

    assert numbers(done) == (2, 1, 0, 0, 1)


def test_a_file_is_read_in_parts_and_from_where_it_was_left(store: Store) -> None:
    asked: list[tuple[int, int]] = []
    real = store.ingested.get_part

    def get_part(key: str, *, start: int, length: int, etag: str) -> bytes:
        asked.append((start, length))
        return real(key, start=start, length=length, etag=etag)

    store.ingested.get_part = get_part  # type: ignore[method-assign]
    filler = {"note": "x" * PART_BYTES}
    put(store, lines(record(0) | filler, record(1) | filler, record(2) | filler))
    begin(store, batch_size=1)
    receive(store)
    asked.clear()

    finish(store)

    assert max(length for _, length in asked) <= PART_BYTES
    starts = [start for start, _ in asked]
    assert starts[0] == 0
    assert starts.count(0) == 1


def test_lines_across_parts_are_whole(store: Store) -> None:
    filler = {"note": "ä" * (PART_BYTES // 3)}
    records = [record(number) | filler for number in range(7)]

    done = migrate(store, *records, batch_size=3)

    assert numbers(done) == (7, 7, 0, 0, 0)
    assert all(len(images_of(store, f"r{number}")) == 1 for number in range(7))


def test_a_file_that_is_replaced_ends_the_migration(store: Store) -> None:
    put(store, lines(record(1), record(2)))
    begin(store, batch_size=1)
    receive(store)
    receive(store)

    put(store, lines(record(3), record(4)))
    done = finish(store)

    assert (done.status, failure(done)) == (MigrationStatus.FAILED, ("source", "source_unreadable"))
    assert numbers(done) == (2, 1, 0, 1, 0)
    assert done.finished_at is not None


def test_a_file_that_is_not_there_fails_the_migration(store: Store) -> None:
    begin(store)

    done = finish(store)

    assert (done.status, failure(done)) == (MigrationStatus.FAILED, ("source", "source_unreadable"))
    assert done.total is None


# Folders ----------------------------------------------------------------------------------------------


def test_the_objects_of_a_folder_become_images_named_by_their_keys(store: Store) -> None:
    folder = "migrations/pictures/"
    put(store, PICTURE, f"{folder}a/raw.png")
    put(store, DATA_URI.encode(), f"{folder}b.txt")
    put(store, b"\xef\xbb\xbf" + text_of(PICTURE).encode() + b"\n", f"{folder}кот.txt")
    put(store, b"", f"{folder}c/")
    put(store, b"<svg/>", f"{folder}d.svg")
    put(store, b"\xff\x00\xfe", f"{folder}e.bin")
    put(store, PICTURE, "migrations/pictures2/other.png")
    begin(store, Folder(folder), owner=OWNER, batch_size=2)

    done = finish(store)

    assert (done.total, done.tally.moved, done.tally.seen) == (5, 3 + 1, 5)
    assert [error.record for error in done.tally.errors] == [f"{folder}d.svg"]
    (image_id,) = images_of(store, f"{folder}a/raw.png")
    assert store.repository.records[image_id].record.filename == "raw.png"


def test_overlapping_folders_move_an_object_once(store: Store) -> None:
    put(store, PICTURE, "migrations/a/b/c.png")
    begin(store, Folder("migrations/a/"), owner=OWNER)
    first = finish(store)
    begin(store, Folder("migrations/a/b/"), owner=OWNER)

    again = finish(store)

    assert (numbers(first), numbers(again)) == ((1, 1, 0, 0, 0), (1, 0, 1, 0, 0))


# Tables and requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["other", "", "image-store"])
def test_only_the_table_that_the_deployment_names_is_read(store: Store, name: str) -> None:
    with pytest.raises(InvalidRequest):
        begin(store, Table(name, "photo"))

    assert not store.work.waiting
    assert not store.migrations.saved


def one(**changes: Any) -> SourceRecord:
    return SourceRecord(**{"place": "record a", "id": "a", "image": DATA_URI, "owner": OWNER} | changes)


def test_one_record_is_moved_at_once_and_once(store: Store) -> None:
    first = store.migration_requests.move_one(one(), until=store.clock.now() + HOUR)
    store.clock.instant += HOUR
    again = store.migration_requests.move_one(one(), until=store.clock.now() + HOUR)

    assert (first.status, numbers(first)) == (MigrationStatus.SUCCEEDED, (1, 1, 0, 0, 0))
    assert numbers(again) == (1, 0, 1, 0, 0)
    assert len(images_of(store, "a")) == 1
    assert store.migrations.get(first.id) == first
    assert not store.work.waiting


def test_a_record_moved_by_itself_is_not_moved_again_by_a_file_that_holds_it(store: Store) -> None:
    first = store.migration_requests.move_one(
        one(id="r1", image=text_of(picture(1))), until=store.clock.now() + HOUR
    )

    done = migrate(store, record(1), record(2))

    assert numbers(done) == (2, 1, 1, 0, 0)
    (image_id,) = images_of(store, "r1")
    assert store.migrations.image_of_record(done.id, "r1") == image_id
    assert store.migration_requests.image_of(first, "r1") == store.migration_requests.image_of(done, "r1")


def test_a_record_of_a_file_is_not_moved_again_by_itself_or_by_another_file(store: Store) -> None:
    migrate(store, record(1))
    other = JsonLines("migrations/other.jsonl")
    store.ingested.put(other.key, lines(record(1)), content_type="", cache_control="", metadata={})

    again = store.migration_requests.move_one(
        one(id="r1", image=text_of(picture(1))), until=store.clock.now() + HOUR
    )
    begin(store, other)
    done = finish(store)

    assert (numbers(again), numbers(done)) == ((1, 0, 1, 0, 0), (1, 0, 1, 0, 0))
    assert len(images_of(store, "r1")) == 1


@pytest.mark.parametrize(
    "change", [{"owner": "somebody else"}, {"image": text_of(picture(7))}], ids=["owner", "picture"]
)
def test_records_of_two_sources_that_differ_are_two_images(store: Store, change: dict[str, str]) -> None:
    migrate(store, record(1))
    other = JsonLines("migrations/other.jsonl")
    store.ingested.put(other.key, lines(record(1, **change)), content_type="", cache_control="", metadata={})

    begin(store, other)

    assert numbers(finish(store)) == (1, 1, 0, 0, 0)


def test_an_image_that_was_deleted_does_not_come_back_by_another_source(store: Store) -> None:
    migrate(store, record(1))
    (image_id,) = images_of(store, "r1")
    store.deletion.delete(OWNER, image_id, permanent=True)

    again = store.migration_requests.move_one(
        one(id="r1", image=text_of(picture(1))), until=store.clock.now() + HOUR
    )

    assert numbers(again) == (1, 0, 1, 0, 0)
    assert images_of(store, "r1") == []


def test_a_migration_tells_which_image_each_record_became(store: Store) -> None:
    done = migrate(store, *(record(number) for number in range(5)), record(9, image="!"), batch_size=2)

    first = store.migration_requests.records(done, after=None, limit=3)
    second = store.migration_requests.records(done, after=first.after, limit=3)

    told = {each.record_id: each.image_id for each in (*first.records, *second.records)}
    assert told == {f"r{number}": images_of(store, f"r{number}")[0] for number in range(5)}
    assert second.after is None


@pytest.mark.parametrize("cursor", ["", "x", "A" * 64, "0" * 63, "0" * 65])
def test_a_cursor_of_no_page_is_refused(store: Store, cursor: str) -> None:
    done = migrate(store, record(1))

    with pytest.raises(InvalidCursor):
        store.migration_requests.records(done, after=cursor, limit=3)


def test_a_failed_record_is_told_by_its_line_and_its_id(store: Store) -> None:
    done = migrate(store, record(1), record(2, image="!"), record(3, image=7), {"image": DATA_URI})

    assert [(error.record, error.record_id) for error in done.tally.errors] == [
        ("line 2", "r2"),
        ("line 3", "r3"),
        ("line 4", None),
    ]


def test_one_record_that_is_bad_is_counted(store: Store) -> None:
    done = store.migration_requests.move_one(one(image="!"), until=store.clock.now() + HOUR)

    assert numbers(done) == (1, 0, 0, 0, 1)
    assert failure(done) == ("record a", "invalid_request")


@pytest.mark.parametrize("migration_id", ["nonsense", "019ca945-0a00-7000-8000-0000000000ff"])
def test_a_migration_that_there_never_was_is_not_found(store: Store, migration_id: str) -> None:
    with pytest.raises(MigrationNotFound):
        store.migration_requests.get(migration_id)


def test_a_record_shows_its_picture_before_and_its_image_after(store: Store) -> None:
    key = "migrations/pictures/a.txt"
    put(store, DATA_URI.encode(), key)
    migration = begin(store, Folder("migrations/pictures/"), owner=OWNER)
    requests = store.migration_requests

    before = requests.image_of(migration, key), requests.picture_of(migration, key)
    finish(store)
    after = requests.image_of(migration, key)

    assert before == (None, (PICTURE, "image/png"))
    assert after is not None
    assert [after.id] == images_of(store, key)


@pytest.mark.parametrize("key", ["migrations/pictures/none", "migrations/pictures/", "ingest/alice/a.png"])
def test_what_is_no_record_of_the_source_has_no_picture(store: Store, key: str) -> None:
    put(store, PICTURE, "ingest/alice/a.png")
    migration = begin(store, Folder("migrations/pictures/"), owner=OWNER)

    with pytest.raises(ImageNotFound):
        store.migration_requests.picture_of(migration, key)


def test_what_is_no_picture_is_not_shown(store: Store) -> None:
    put(store, text_of(b"<html>").encode(), "migrations/a.html")
    migration = begin(store, Folder("migrations/"), owner=OWNER)

    with pytest.raises(UnsupportedMediaType):
        store.migration_requests.picture_of(migration, "migrations/a.html")


def test_a_record_of_json_lines_is_shown_only_once_it_is_moved(store: Store) -> None:
    put(store, lines(record(1)))
    migration = begin(store)
    with pytest.raises(InvalidRequest):
        store.migration_requests.picture_of(migration, "r1")

    finish(store)

    assert store.migration_requests.image_of(migration, "r1") is not None


def test_the_picture_of_one_record_is_not_kept(store: Store) -> None:
    done = store.migration_requests.move_one(one(image="!"), until=store.clock.now() + HOUR)

    assert done.source == OneRecord("a", OWNER)
    with pytest.raises(ImageNotFound):
        store.migration_requests.picture_of(done, "a")


def test_a_deleted_image_is_not_shown_and_not_moved_again(store: Store) -> None:
    migration = migrate(store, record(1))
    (image_id,) = images_of(store, "r1")
    store.delete(store.repository.records[image_id], permanent=True)

    store.clock.instant += HOUR
    again = migrate(store, record(1))

    assert numbers(again) == (1, 0, 1, 0, 0)
    assert images_of(store, "r1") == []
    with pytest.raises(ImageNotFound):
        store.migration_requests.image_of(migration, "r1")


# Batches, duplicates and death ------------------------------------------------------------------------


@pytest.mark.parametrize("records", [0, 1, 2, 3, 4, 5, 6])
def test_progress_is_saved_after_each_batch(store: Store, records: int) -> None:
    done = migrate(store, *map(record, range(records)), batch_size=3)

    assert numbers(done) == (records, records, 0, 0, 0)
    seen = [saved.tally.seen for saved in store.migrations.saved]
    assert max(after - before for before, after in pairwise(seen)) <= 3
    assert [saved.step for saved in store.migrations.saved] == list(range(1, len(store.migrations.saved) + 1))


def test_status_total_and_what_is_left_follow_the_work(store: Store) -> None:
    put(store, lines(*map(record, range(3))))
    begun = begin(store, batch_size=2)
    seen = [(begun.status, numbers(begun))]

    while store.work.waiting:
        receive(store)
        seen.append((store.migrations.saved[-1].status, numbers(store.migrations.saved[-1])))

    assert seen == [
        (MigrationStatus.QUEUED, (None, 0, 0, None, 0)),
        (MigrationStatus.RUNNING, (3, 0, 0, 3, 0)),
        (MigrationStatus.RUNNING, (3, 2, 0, 1, 0)),
        (MigrationStatus.SUCCEEDED, (3, 3, 0, 0, 0)),
    ]


def test_a_second_migration_moves_nothing_twice(store: Store) -> None:
    first = migrate(store, record(1), record(2))
    store.clock.instant += timedelta(days=400)

    again = migrate(store, record(1), record(2), record(3))

    assert (numbers(first), numbers(again)) == ((2, 2, 0, 0, 0), (3, 1, 2, 0, 0))
    assert [len(images_of(store, f"r{number}")) for number in (1, 2, 3)] == [1, 1, 1]


def test_a_message_that_comes_twice_changes_nothing(store: Store) -> None:
    put(store, lines(*map(record, range(7))))
    begin(store, batch_size=2)

    while store.work.waiting:
        store.work.waiting.insert(0, store.work.waiting[0])
        receive(store)
        receive(store)
        assert len(store.work.waiting) <= 3
        del store.work.waiting[1:]

    assert numbers(store.migrations.saved[-1]) == (7, 7, 0, 0, 0)
    assert len(store.repository.records) == 7


def test_messages_of_the_past_and_of_nothing_are_dropped(store: Store) -> None:
    put(store, lines(*map(record, range(7))))
    migration = begin(store, batch_size=1)
    for _ in range(4):
        receive(store)
    waiting, saved = list(store.work.waiting), len(store.migrations.saved)

    for step in (1, 2, 3, 99):
        work = MigrateBatch(migration.id, step)
        store.migration_run.carry_on(work, until=store.clock.now() + HOUR)
    store.migration_run.carry_on(MigrateBatch("unknown", 1), until=store.clock.now() + HOUR)

    assert (store.work.waiting, len(store.migrations.saved)) == (waiting, saved)


def test_of_two_workers_with_one_batch_one_goes_on(store: Store) -> None:
    put(store, lines(*map(record, range(4))))
    begin(store, batch_size=2)
    receive(store)
    work = store.work.waiting[0]
    assert isinstance(work, MigrateBatch)
    until = store.clock.now() + HOUR

    store.repository.meanwhile = lambda: store.migration_run.carry_on(work, until=until)
    store.migration_run.carry_on(work, until=until)

    assert len(store.work.waiting) == 2
    store.work.waiting.pop(0)
    assert numbers(finish(store)) == (4, 4, 0, 0, 0)
    assert len(store.repository.records) == 4


@pytest.mark.parametrize("room", [timedelta(0), ROOM_FOR_ONE - timedelta(seconds=1)])
def test_a_worker_without_time_does_one_record_and_hands_on(store: Store, room: timedelta) -> None:
    put(store, lines(*map(record, range(3))))
    begin(store)
    while store.migrations.saved[-1].total is None:
        receive(store, room=room)
        assert store.migrations.saved[-1].counted <= 3

    receive(store, room=ROOM_FOR_ONE - timedelta(seconds=1))

    assert numbers(store.migrations.saved[-1]) == (3, 1, 0, 2, 0)
    assert numbers(finish(store)) == (3, 3, 0, 0, 0)


def test_what_is_done_before_a_failure_is_saved(store: Store) -> None:
    put(store, lines(*map(record, range(5))))
    begin(store)
    receive(store)
    table_is_back = go_away_after(store, 2)

    receive(store)
    after = numbers(store.migrations.saved[-1])
    with pytest.raises(StorageUnavailable):
        receive(store)
    table_is_back()

    assert after == (5, 2, 0, 3, 0)
    assert numbers(finish(store)) == (5, 5, 0, 0, 0)
    assert all(len(images_of(store, f"r{number}")) == 1 for number in range(5))


def go_away_after(store: Store, images: int) -> Callable[[], None]:
    """Let the table go away once so many more images are stored, until the answer is called."""
    reserve = store.repository.reserve
    left = images

    def counting(reservation: Reservation) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StorageUnavailable("The metadata store is away.")
        reserve(reservation)

    store.repository.reserve = counting  # type: ignore[method-assign]
    return lambda: setattr(store.repository, "reserve", reserve)


class Deaths:
    """Ends the worker before or after one of its calls to storage; counts them otherwise."""

    def __init__(self, store: Store, at: int | None, *, after: bool) -> None:
        self.calls = 0
        self._at = at
        self._after = after
        for part, names in (
            (store.repository, ("reserve", "replace", "idempotency", "get")),
            (store.private, ("put",)),
            (store.ingested, ("head", "get_part")),
            (store.migrations, ("get", "save")),
            (store.work, ("send",)),
        ):
            for name in names:
                setattr(part, name, self._watched(getattr(part, name)))

    def _watched(self, call: Any) -> Any:
        def watched(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            dies = self.calls == self._at
            if dies and not self._after:
                raise Killed
            answer = call(*arguments, **named)
            if dies:
                raise Killed
            return answer

        return watched


def survive(store: Store) -> Migration:
    """Do all work; a message whose worker dies comes again once its reservations are over."""
    for _ in range(100):
        if not store.work.waiting:
            break
        try:
            receive(store)
        except Killed:
            store.clock.instant += timedelta(minutes=12)
    return store.migrations.saved[-1]


def of_five(at: int | None, *, after: bool) -> tuple[Store, Deaths, Migration]:
    store = new_store()
    put(store, lines(*map(record, range(4)), {"id": "bad"}))
    begin(store, batch_size=2)
    deaths = Deaths(store, at, after=after)
    return store, deaths, survive(store)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_call_loses_nothing_and_doubles_nothing(after: bool) -> None:
    _, undisturbed, _ = of_five(None, after=after)

    for at in range(1, undisturbed.calls + 1):
        store, _, done = of_five(at, after=after)

        assert (at, done.status, numbers(done)) == (at, MigrationStatus.SUCCEEDED, (5, 4, 0, 0, 1))
        assert all(len(images_of(store, f"r{number}")) == 1 for number in range(4))


def test_objects_are_listed_from_where_the_batch_before_ended(store: Store) -> None:
    asked: list[str | None] = []
    real = store.ingested.list

    def listing(prefix: str, *, after: str | None = None) -> Any:
        asked.append(after)
        return real(prefix, after=after)

    store.ingested.list = listing  # type: ignore[method-assign]
    for number in range(3):
        put(store, picture(number), f"migrations/{number}.png")
    begin(store, Folder("migrations/"), owner=OWNER, batch_size=2)

    done = finish(store)

    assert numbers(done) == (3, 3, 0, 0, 0)
    assert asked == [None, None, "migrations/1.png"]


def test_an_object_that_vanishes_is_no_record(store: Store) -> None:
    put(store, PICTURE, "migrations/a.png")
    ghost = StoredObject("migrations/b.png", 1, store.clock.now())
    real = store.ingested.list

    def listing(prefix: str, *, after: str | None = None) -> Any:
        return iter([*real(prefix, after=after), ghost])

    store.ingested.list = listing  # type: ignore[method-assign]
    begin(store, Folder("migrations/"), owner=OWNER)

    done = finish(store)

    assert numbers(done) == (1, 1, 0, 0, 0)


def test_an_image_of_a_record_is_like_any_other(store: Store) -> None:
    migrate(store, record(1))
    uploaded = store.upload(Attributes())

    (image_id,) = images_of(store, "r1")
    moved = store.repository.records[image_id].record

    assert (moved.state, moved.visibility, moved.media_type) == (
        uploaded.record.state,
        uploaded.record.visibility,
        uploaded.record.media_type,
    )
