"""Turning dropped objects into images."""

from datetime import timedelta

import pytest

from image_store.domain.callers.actor import MAX_OWNER_CHARS
from image_store.domain.errors import (
    IdempotencyInProgress,
    InvalidRequest,
    PayloadTooLarge,
    StorageUnavailable,
)
from image_store.domain.images.image import Image, Kind, Visibility
from image_store.domain.images.ingest import RESULT_LIFETIME, DroppedObject
from image_store.domain.images.media import MAX_BYTES
from tests.fakes.store import Store
from tests.samples import PICTURE

KEY = "ingest/alice/cat.png"
OTHER_PICTURE = PICTURE + b" of another size"


@pytest.fixture
def store() -> Store:
    return Store()


def drop(store: Store, key: str, data: bytes = PICTURE) -> None:
    store.ingested.put(key, data, content_type="text/plain", cache_control="", metadata={})


def ingest(
    store: Store,
    key: str,
    *,
    version: str | None = "v1",
    size_bytes: int = len(PICTURE),
    bucket: str = "ingest",
) -> Image | None:
    until = store.clock.now() + timedelta(seconds=50)
    return store.ingestion.ingest(DroppedObject(bucket, key, version, size_bytes), until=until)


@pytest.mark.parametrize(
    ("key", "owner", "filename"),
    [
        ("ingest/alice/cat.png", "alice", "cat.png"),
        ("ingest/alice/2026/03/cat.png", "alice", "cat.png"),
        ("ingest/auth0%7Ca%2Fb/cat.png", "auth0|a/b", "cat.png"),
        ("ingest/alice/100%25 cat+1.png", "alice", "100%25 cat+1.png"),
        ("ingest/ingest/ingest/cat.png", "ingest", "cat.png"),
        ("ingest/Жанна/кошка.png", "Жанна", "кошка.png"),
        ("ingest/alice/a\tb\x00.png", "alice", "ab.png"),
        ("ingest/alice/\x01\x02", "alice", "image"),
        ("ingest/alice/" + "n" * 300, "alice", "n" * 255),
        ("ingest/" + "o" * MAX_OWNER_CHARS + "/cat.png", "o" * MAX_OWNER_CHARS, "cat.png"),
    ],
)
def test_the_key_names_owner_and_file(store: Store, key: str, owner: str, filename: str) -> None:
    drop(store, key)

    image = ingest(store, key)

    assert image is not None
    assert (image.record.owner, image.record.filename) == (owner, filename)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "ingest/",
        "ingest/cat.png",
        "ingest//cat.png",
        "ingest/alice/",
        "ingest/alice/folder/",
        "alice/cat.png",
        "INGEST/alice/cat.png",
        "ingested/alice/cat.png",
        "ingest/a%0Ab/cat.png",
        "ingest/" + "o" * (MAX_OWNER_CHARS + 1) + "/cat.png",
        "ingest/" + "\u732b" * 250 + "/cat.png",  # no key of the table holds it percent-encoded
    ],
)
def test_keys_of_another_form_are_refused(store: Store, key: str) -> None:
    drop(store, key)

    with pytest.raises(InvalidRequest):
        ingest(store, key)

    assert store.repository.records == {}


def test_ingested_images_are_private_uploads_of_the_type_their_bytes_show(store: Store) -> None:
    drop(store, "ingest/alice/cat.txt")

    image = ingest(store, "ingest/alice/cat.txt")

    assert image is not None
    assert (image.record.kind, image.record.visibility) == (Kind.UPLOAD, Visibility.PRIVATE)
    assert image.record.media_type == "image/png"
    assert store.private.objects[image.record.original_key].data == PICTURE


def test_an_object_announced_twice_becomes_one_image(store: Store) -> None:
    drop(store, "ingest/alice/cat.png")

    first, second = ingest(store, "ingest/alice/cat.png"), ingest(store, "ingest/alice/cat.png")

    assert first == second
    assert len(store.repository.records) == 1


def test_the_same_bytes_under_another_key_or_version_become_another_image(store: Store) -> None:
    drop(store, "ingest/alice/cat.png")
    drop(store, "ingest/alice/dog.png")

    ingest(store, "ingest/alice/cat.png")
    ingest(store, "ingest/alice/dog.png")
    ingest(store, "ingest/alice/cat.png", version="v2")
    ingest(store, "ingest/alice/cat.png", version=None)

    assert len(store.repository.records) == 4


def test_an_object_that_is_gone_again_is_skipped_without_an_error(store: Store) -> None:
    assert ingest(store, "ingest/alice/cat.png") is None
    assert store.repository.records == {}


@pytest.mark.parametrize(("extra_bytes", "refused"), [(0, False), (1, True)])
def test_an_object_announced_larger_than_100_mb_is_refused_unread(
    store: Store, extra_bytes: int, refused: bool
) -> None:
    size_bytes = MAX_BYTES + extra_bytes

    if refused:
        with pytest.raises(PayloadTooLarge):
            ingest(store, "ingest/alice/cat.png", size_bytes=size_bytes)
    else:
        assert ingest(store, "ingest/alice/cat.png", size_bytes=size_bytes) is None


def test_an_object_whose_first_delivery_died_is_stored_once_that_is_certain(store: Store) -> None:
    drop(store, "ingest/alice/cat.png")
    store.private.away = True
    with pytest.raises(StorageUnavailable):
        ingest(store, "ingest/alice/cat.png")
    store.private.away = False

    with pytest.raises(IdempotencyInProgress) as raised:
        ingest(store, "ingest/alice/cat.png")
    assert raised.value.retry_after is not None
    store.clock.instant += raised.value.retry_after
    image = ingest(store, "ingest/alice/cat.png")

    assert image is not None
    assert store.current(image) == image
    assert store.repository.usage("alice").images == 1


def test_events_may_come_twice_and_in_any_order(store: Store) -> None:
    dropped = [store.ingested.drop(KEY, PICTURE), store.ingested.drop(KEY, OTHER_PICTURE)]

    for one in [*reversed(dropped), *dropped]:
        store.ingestion.ingest(one, until=store.clock.now() + timedelta(seconds=50))

    stored = sorted(image.record.size_bytes for image in store.repository.records.values())
    assert stored == [len(PICTURE), len(OTHER_PICTURE)]


def test_an_object_announced_again_after_four_weeks_is_still_one_image(store: Store) -> None:
    dropped = store.ingested.drop(KEY, PICTURE)
    first = store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50))
    store.clock.instant += RESULT_LIFETIME

    again = store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50))

    assert again == first
    assert len(store.repository.records) == 1


def test_an_object_whose_image_was_deleted_since_is_done(store: Store) -> None:
    dropped = store.ingested.drop(KEY, PICTURE)
    stored = store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50))
    assert stored is not None
    store.delete(stored, permanent=True)

    assert store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50)) is None


def test_a_version_that_is_gone_is_skipped_without_an_error(store: Store) -> None:
    dropped = store.ingested.drop(KEY, PICTURE)
    store.ingested.expire(dropped)

    assert store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50)) is None


def test_what_was_refused_is_tried_again_when_it_is_announced_again(store: Store) -> None:
    dropped = store.ingested.drop(KEY, PICTURE)
    store.ingestion.refuse(dropped)

    assert store.ingestion.ingest(dropped, until=store.clock.now() + timedelta(seconds=50)) is not None
