"""Images that keep the date that they have elsewhere: their ids carry it, and nothing counts them as old at once."""

from datetime import UTC, datetime, timedelta

import pytest

from image_store.adapters.dynamodb.callers.key_usage import use_of
from image_store.adapters.dynamodb.images import records
from image_store.domain.errors import IdempotencyMismatch, InvalidRequest
from image_store.domain.ids import created_at, is_image_id, uuid7, with_time
from image_store.domain.images.attributes import FIRST_CREATED_AT, Attributes
from image_store.domain.images.image import Kind, State
from image_store.domain.images.media import MediaType
from image_store.domain.images.reservation import IdempotencyKey
from image_store.domain.upkeep.cleanup import Policy
from image_store.services.images.direct_uploads import LINK_LIFETIME, DirectUpload, Ticket
from tests.fakes.store import Store
from tests.samples import OWNER, PICTURE
from tests.unit.upkeep.migration.records import migrate, new_store, numbers, record

OLD_DATE = datetime(2009, 8, 7, 6, 5, 4, 321000, tzinfo=UTC)
OLD = Attributes(created_at=OLD_DATE)
KEY = IdempotencyKey("a name", "a fingerprint")


@pytest.fixture
def store() -> Store:
    return Store()


def test_an_id_with_another_time_keeps_its_random_bits() -> None:
    image_id = uuid7(datetime(2026, 3, 1, tzinfo=UTC), (1 << 74) - 12345)

    dated = with_time(image_id, OLD_DATE)

    assert is_image_id(dated)
    assert created_at(dated) == OLD_DATE
    assert with_time(dated, created_at(image_id)) == image_id


def test_the_date_is_the_time_of_the_id_and_the_store_remembers_when_it_got_the_image(store: Store) -> None:
    stored = store.upload(OLD).record

    assert (stored.created_at, created_at(stored.id)) == (OLD_DATE, OLD_DATE)
    assert (stored.stored_at, stored.updated_at) == (store.clock.instant, store.clock.instant)
    assert store.upload().record.dated_back_at is None


def test_a_record_reads_as_it_was_written(store: Store) -> None:
    image = store.upload(OLD)

    items = list(records.rows_of(image).values())

    assert records.image_of([item for item in items if item["pk"]["S"].startswith("IMAGE#")]) == image


@pytest.mark.parametrize(
    "date", [FIRST_CREATED_AT - timedelta(seconds=1), Store().clock.instant + timedelta(seconds=1)]
)
def test_an_impossible_date_is_refused(store: Store, date: datetime) -> None:
    with pytest.raises(InvalidRequest, match="created_at"):
        store.upload(Attributes(created_at=date))

    assert not store.repository.records


def test_an_idempotency_key_of_an_old_image_lasts_from_now_on(store: Store) -> None:
    first = store.upload(OLD, idempotency=KEY)
    store.clock.instant += KEY.lifetime - timedelta(seconds=1)

    assert store.upload(OLD, idempotency=KEY).record.id == first.record.id
    with pytest.raises(IdempotencyMismatch):
        store.upload(OLD, idempotency=IdempotencyKey(KEY.name, "another"))


def test_an_old_image_does_not_take_over_a_key_that_is_in_use(store: Store) -> None:
    store.upload(idempotency=KEY)

    with pytest.raises(IdempotencyMismatch):
        store.upload(OLD, idempotency=IdempotencyKey(KEY.name, "another"))


def test_the_link_of_a_direct_upload_lasts_from_now_on(store: Store) -> None:
    ticket = store.direct_uploads.begin(
        DirectUpload(
            owner=OWNER, media_type=MediaType.PNG, size_bytes=len(PICTURE), sha256="0" * 64, attributes=OLD
        )
    )

    assert isinstance(ticket, Ticket)
    assert created_at(ticket.image_id) == OLD_DATE
    assert ticket.expires_at == store.clock.instant + LINK_LIFETIME


def test_a_policy_removes_an_old_image_only_after_it_has_been_here_for_as_long() -> None:
    older_than = timedelta(days=30)
    store = Store(policies=[Policy(kind=Kind.UPLOAD, older_than=older_than, keep_newest=0)])
    image = store.upload(OLD)

    store.collect()
    before = store.current(image).record.state
    store.clock.instant += older_than + timedelta(days=1)
    store.collect()

    assert (before, store.current(image).record.state) == (State.READY, State.TRASHED)


def test_a_migrated_record_with_a_date_counts_as_moved_now() -> None:
    store = new_store()
    dated = record(1, attributes={"created_at": "2009-08-07T06:05:04Z"})

    first = migrate(store, dated)
    second = migrate(store, dated)

    assert (numbers(first), numbers(second)) == ((1, 1, 0, 0, 0), (1, 0, 1, 0, 0))


def test_an_api_key_has_used_its_image_today_and_not_in_the_past(store: Store) -> None:
    image = store.upload(OLD)
    item = records.rows_of(image)[f"IMAGE#{image.record.id}", "META"] | {"api_key": {"S": "k1"}}
    change = {"Keys": {name: item[name] for name in ("pk", "sk")}, "NewImage": item}
    change["OldImage"] = item | {"state": {"S": State.PENDING.value}}

    use = use_of({"dynamodb": change})

    assert use is not None
    assert use.on == store.clock.instant.date()
