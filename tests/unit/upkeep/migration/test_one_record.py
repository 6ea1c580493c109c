"""Records that are moved or shown one at a time."""

from typing import Any

import pytest

from image_store.domain.errors import ImageNotFound, InvalidRequest, MigrationNotFound, UnsupportedMediaType
from image_store.domain.upkeep.migration import Folder, JsonLines, MigrationStatus, OneRecord, SourceRecord
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE
from tests.unit.upkeep.migration.records import (
    DATA_URI,
    HOUR,
    begin,
    failure,
    finish,
    images_of,
    lines,
    migrate,
    numbers,
    picture,
    put,
    record,
    text_of,
)


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


def test_one_record_that_is_bad_is_counted(store: Store) -> None:
    done = store.migration_requests.move_one(one(image="!"), until=store.clock.now() + HOUR)

    assert numbers(done) == (1, 0, 0, 0, 1)
    assert failure(done) == ("record a", "invalid_request")


@pytest.mark.parametrize("migration_id", ["nonsense", "019ca945-0a00-7000-8000-0000000000ff"])
def test_a_migration_that_never_existed_is_not_found(store: Store, migration_id: str) -> None:
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
def test_what_is_not_a_record_of_the_source_has_no_picture(store: Store, key: str) -> None:
    put(store, PICTURE, "ingest/alice/a.png")
    migration = begin(store, Folder("migrations/pictures/"), owner=OWNER)

    with pytest.raises(ImageNotFound):
        store.migration_requests.picture_of(migration, key)


def test_what_is_not_a_picture_is_not_shown(store: Store) -> None:
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
