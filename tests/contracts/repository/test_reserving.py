"""Reservations: all of one is written, or nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.errors import Conflict, QuotaExceeded
from image_store.domain.ids import uuid7
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, Visibility
from image_store.domain.images.quota import Quota, Usage
from image_store.domain.images.reservation import IdempotencyKey
from tests.contracts.repository.images import (
    DEADLINE,
    KEY,
    NOON,
    OWNER,
    PUBLICATION,
    SHA256,
    due,
    everything,
    kept_key,
    pending,
    reservation,
    reserve,
    waiting,
)
from tests.contracts.tables import Table, dynamo
from tests.fakes.dynamodb import all_items
from tests.fakes.rows import Rows


def test_a_reserved_record_reads_as_it_was_written(store: Rows) -> None:
    details = Details(
        title="Кошка",
        alt_text="A cat",
        alt_text_given=True,
        tags=("cat", "日本"),
        rating=4,
        groups=("session:s1", "persona:a/b#c"),
        metadata={"seed": 12345678901234567890, "ratio": 0.1, "nested": {"list": [1, None, True]}},
        generation={"model": "m1", "prompt": "a cat"},
        analysis={"nsfw": 0.01},
        warnings=("The original is larger than 10 MB.",),
    )
    image = replace(
        pending(
            visibility=Visibility.UNLISTED,
            category="cats",
            cache_control="public, max-age=60",
            expires_at=NOON + timedelta(days=1, microseconds=1),
            intent=PUBLICATION,
            guarded=True,
            idempotency="a key",
        ),
        details=details,
    )

    store.reserve(reservation(image))

    assert store.get(image.record.id) == image
    assert store.get_record(image.record.id) == image.record


def test_what_was_never_reserved_is_not_there(store: Rows) -> None:
    reserve(store)

    unknown = uuid7(NOON, 0)

    assert store.get(unknown) is None
    assert store.get_record(unknown) is None
    assert store.idempotency("unknown") is None
    assert store.publication("unknown") is None
    assert store.usage("unknown") == Usage(0, 0)


def test_a_reservation_can_be_repeated_and_counts_once(store: Rows) -> None:
    image = pending(guarded=True)
    full_reservation = reservation(image, idempotency=KEY, publication=waiting(image))

    store.reserve(full_reservation)
    store.reserve(full_reservation)

    assert store.usage(OWNER) == Usage(1, 1_000)


def test_an_id_that_is_taken_is_a_conflict(store: Rows) -> None:
    first = reserve(store)
    same_id = pending(id=first.record.id)

    with pytest.raises(Conflict):
        store.reserve(reservation(same_id))

    assert store.get(first.record.id) == first
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_reservations_are_counted_by_owner(store: Rows) -> None:
    reserve(store, size_bytes=300)
    reserve(store, size_bytes=40)
    reserve(store, owner="owner one", size_bytes=5)

    assert store.usage(OWNER) == Usage(2, 340)
    assert store.usage("owner one") == Usage(1, 5)


def test_the_last_image_of_a_quota_is_taken_and_the_next_is_refused(store: Rows) -> None:
    quota = Quota(images=2)
    for _ in range(2):
        store.reserve(reservation(pending(), quota=quota))
    refused = pending()

    with pytest.raises(QuotaExceeded):
        store.reserve(reservation(refused, quota=quota))

    assert store.get(refused.record.id) is None
    assert store.usage(OWNER) == Usage(2, 2_000)


def test_the_last_byte_of_a_quota_is_taken_and_the_next_is_refused(store: Rows) -> None:
    quota = Quota(size_bytes=1_000)
    store.reserve(reservation(pending(size_bytes=400), quota=quota))
    refused = pending(size_bytes=601)

    with pytest.raises(QuotaExceeded):
        store.reserve(reservation(refused, quota=quota))
    store.reserve(reservation(pending(size_bytes=600), quota=quota))
    with pytest.raises(QuotaExceeded):
        store.reserve(reservation(pending(size_bytes=1), quota=quota))

    assert store.get(refused.record.id) is None
    assert store.usage(OWNER) == Usage(2, 1_000)


@pytest.mark.parametrize(("size_bytes", "fits"), [(1_000, True), (1_001, False)])
def test_a_first_image_may_be_as_large_as_the_quota_and_no_larger(
    store: Rows, size_bytes: int, fits: bool
) -> None:
    full_reservation = reservation(pending(size_bytes=size_bytes), quota=Quota(size_bytes=1_000))

    if fits:
        store.reserve(full_reservation)
    else:
        with pytest.raises(QuotaExceeded):
            store.reserve(full_reservation)

    assert store.usage(OWNER) == (Usage(1, size_bytes) if fits else Usage(0, 0))


def test_a_quota_of_one_owner_is_not_used_by_another(store: Rows) -> None:
    quota = Quota(images=1, size_bytes=1_000)

    store.reserve(reservation(pending(), quota=quota))
    store.reserve(reservation(pending(owner="another"), quota=quota))

    assert store.usage("another") == Usage(1, 1_000)


def assert_nothing_of(store: Rows, image: Image) -> None:
    assert store.get(image.record.id) is None
    assert image.record.id not in due(store, image.record.created_at + timedelta(days=1))
    publication = store.publication(PUBLICATION)
    assert publication is None or publication.image_id != image.record.id


def test_a_reservation_beyond_the_quota_leaves_nothing(store: Rows) -> None:
    reserve(store)
    refused = pending(guarded=True)

    with pytest.raises(QuotaExceeded):
        store.reserve(everything(refused, quota=Quota(images=1)))

    assert_nothing_of(store, refused)
    assert store.idempotency(KEY.name) is None
    assert store.copies(OWNER, refused.record.sha256).guard is None
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_a_guard_that_is_held_refuses_a_second_reservation_whole(store: Rows) -> None:
    holder = reserve(store, sha256=SHA256, guarded=True)
    refused = pending(sha256=SHA256, guarded=True)

    with pytest.raises(Conflict):
        store.reserve(everything(refused))

    assert_nothing_of(store, refused)
    assert store.idempotency(KEY.name) is None
    assert store.copies(OWNER, SHA256).guard == holder.record.id
    assert store.usage(OWNER) == Usage(1, 1_000)


@pytest.mark.parametrize(
    "other", [{"sha256": "1e" * 32}, {"owner": "another"}, {"guarded": False}], ids=["bytes", "owner", "keep"]
)
def test_a_guard_holds_back_only_guarded_images_of_the_same_owner_and_bytes(
    store: Rows, other: dict[str, Any]
) -> None:
    reserve(store, sha256=SHA256, guarded=True)

    image = reserve(store, **{"sha256": SHA256, "guarded": True} | other)

    assert store.get(image.record.id) == image


def test_an_idempotency_key_finds_the_image_reserved_with_it(store: Rows) -> None:
    image = pending(idempotency=KEY.name)

    store.reserve(reservation(image, idempotency=KEY))

    assert store.idempotency(KEY.name) == kept_key(image)


def test_an_idempotency_key_that_is_held_refuses_a_second_reservation_whole(store: Rows) -> None:
    holder = pending()
    store.reserve(reservation(holder, idempotency=KEY))
    refused = pending(guarded=True, at=NOON + timedelta(hours=24))

    with pytest.raises(Conflict):
        store.reserve(everything(refused))

    assert_nothing_of(store, refused)
    assert store.copies(OWNER, refused.record.sha256).guard is None
    assert store.idempotency(KEY.name) == kept_key(holder)
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_an_expired_idempotency_key_is_taken_by_the_next(store: Rows) -> None:
    store.reserve(reservation(pending(), idempotency=KEY))
    later = pending(at=NOON + timedelta(hours=24, seconds=1, milliseconds=1))

    store.reserve(reservation(later, idempotency=IdempotencyKey(KEY.name, "another body")))

    assert store.idempotency(KEY.name) == kept_key(later, "another body")


def test_only_who_saw_an_idempotency_key_can_shorten_it_once(store: Rows) -> None:
    image = pending(idempotency=KEY.name)
    store.reserve(reservation(image, idempotency=KEY))
    seen = kept_key(image)
    sooner = NOON + timedelta(hours=1)

    store.bring_forward(KEY.name, seen, to=sooner)
    store.bring_forward(KEY.name, seen, to=NOON)
    store.bring_forward("unknown", seen, to=NOON)

    assert store.idempotency(KEY.name) == replace(seen, expires_at=sooner)
    assert store.idempotency("unknown") is None


def test_a_reserved_publication_can_be_read_and_waits_for_its_deadline(store: Rows) -> None:
    image = pending(intent=PUBLICATION)

    store.reserve(reservation(image, publication=waiting(image)))

    assert store.publication(PUBLICATION) == waiting(image)
    assert f"publication:{PUBLICATION}" in due(store, DEADLINE)


def test_parallel_reservations_cannot_pass_a_quota_together(table: Table) -> None:
    """Forty at once, where ten are allowed."""
    store, quota = dynamo(table), Quota(images=10)

    def attempt(_: int) -> bool:
        try:
            store.reserve(reservation(pending(), quota=quota))
        except QuotaExceeded as refused:
            return refused.retry_after is not None  # waiting does not help: nobody may be told to
        return True

    with ThreadPoolExecutor(40) as pool:
        outcomes = list(pool.map(attempt, range(40)))

    rows = [item for item in all_items(table.client, table.name) if item["sk"]["S"] == "META"]
    assert (sum(outcomes), len(rows)) == (10, 10)
    assert store.usage(OWNER) == Usage(10, 10_000)


def test_parallel_reservations_cannot_pass_a_quota_of_bytes_together(table: Table) -> None:
    store, quota = dynamo(table), Quota(size_bytes=10_500)

    def attempt(_: int) -> bool:
        try:
            store.reserve(reservation(pending(), quota=quota))
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(40) as pool:
        outcomes = list(pool.map(attempt, range(40)))

    assert sum(outcomes) == 10
    assert store.usage(OWNER) == Usage(10, 10_000)
