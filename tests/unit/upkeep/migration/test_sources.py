"""What each source holds: lines of files, folders of objects, tables."""

from typing import Any

import pytest

from image_store.domain.errors import InvalidRequest
from image_store.domain.upkeep.migration import MAX_LINE_BYTES, Folder, MigrationStatus, Table
from image_store.ports.objects import StoredObject
from image_store.services.upkeep.migration.json_lines import PART_BYTES
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE
from tests.unit.upkeep.migration.records import (
    DATA_URI,
    begin,
    failure,
    finish,
    images_of,
    lines,
    migrate,
    numbers,
    picture,
    put,
    receive,
    record,
    text_of,
)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n \r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_lines_may_end_in_many_ways_and_blank_ones_are_skipped(
    store: Store, ending: bytes, last: bytes
) -> None:
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
    calls: list[tuple[int, int]] = []
    real = store.ingested.get_part

    def get_part(key: str, *, start: int, length: int, etag: str) -> bytes:
        calls.append((start, length))
        return real(key, start=start, length=length, etag=etag)

    store.ingested.get_part = get_part  # type: ignore[method-assign]
    filler = {"note": "x" * PART_BYTES}
    put(store, lines(record(0) | filler, record(1) | filler, record(2) | filler))
    begin(store, batch_size=1)
    receive(store)
    calls.clear()

    finish(store)

    assert max(length for _, length in calls) <= PART_BYTES
    starts = [start for start, _ in calls]
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


@pytest.mark.parametrize("name", ["other", "", "image-store"])
def test_only_the_table_that_the_deployment_names_is_read(store: Store, name: str) -> None:
    with pytest.raises(InvalidRequest):
        begin(store, Table(name, "photo"))

    assert not store.work.waiting
    assert not store.migrations.saved


def test_objects_are_listed_from_where_the_batch_before_ended(store: Store) -> None:
    calls: list[str | None] = []
    real = store.ingested.list

    def listing(prefix: str, *, after: str | None = None) -> Any:
        calls.append(after)
        return real(prefix, after=after)

    store.ingested.list = listing  # type: ignore[method-assign]
    for number in range(3):
        put(store, picture(number), f"migrations/{number}.png")
    begin(store, Folder("migrations/"), owner=OWNER, batch_size=2)

    done = finish(store)

    assert numbers(done) == (3, 3, 0, 0, 0)
    assert calls == [None, None, "migrations/1.png"]


def test_an_object_that_vanishes_is_not_a_record(store: Store) -> None:
    put(store, PICTURE, "migrations/a.png")
    ghost = StoredObject("migrations/b.png", 1, store.clock.now())
    real = store.ingested.list

    def listing(prefix: str, *, after: str | None = None) -> Any:
        return iter([*real(prefix, after=after), ghost])

    store.ingested.list = listing  # type: ignore[method-assign]
    begin(store, Folder("migrations/"), owner=OWNER)

    done = finish(store)

    assert numbers(done) == (1, 1, 0, 0, 0)
