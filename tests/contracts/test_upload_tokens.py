"""Where upload tokens are kept and counted: the fakes of the tests and the real adapters alike."""

from __future__ import annotations

from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.callers.upload_tokens import DynamoUploadTokens
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.upload_tokens import UploadToken
from image_store.domain.errors import Conflict, QuotaExceeded, StorageUnavailable, UploadTokenUsedUp
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import Image, Kind, State, Visibility
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota
from image_store.domain.images.reservation import Charge, Counter, CounterKind
from tests.contracts.repository.images import KEY, OWNER, advance, everything, moved, pending, reservation
from tests.contracts.tables import dynamo
from tests.fakes.interception import InterceptedClient, lose_response, never_send
from tests.fakes.repository import MemoryRepository
from tests.fakes.upload_tokens import MemoryUploadTokens

if TYPE_CHECKING:
    from image_store.ports.callers import UploadTokens
    from tests.contracts.tables import Table, Tables
    from tests.fakes.rows import Rows

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAIN = UploadToken(
    id="0123456789abcdef",
    owner=OWNER,
    created_at=NOON,
    created_by="subject:alice",
    expires_at=NOON + HOUR,
    max_images=2,
    max_bytes=5_000,
    content_types=frozenset(),
    attributes=Attributes(),
    fixed=frozenset(),
    may_set=frozenset(),
)
FULL = replace(
    PLAIN,
    id="00000000000000ff",
    owner="é/#",
    created_by="key:0123456789abcdef",
    max_bytes=None,
    content_types=frozenset({MediaType.PNG, MediaType.AVIF}),
    attributes=Attributes(
        kind=Kind.REFERENCE,
        visibility=Visibility.UNLISTED,
        filename="é.png",
        category="cats",
        cache_control="public, max-age=60",
        expires_at=NOON + 2 * HOUR,
        on_duplicate=OnDuplicate.REJECT,
        title="für",
        tags=("a", "b"),
        groups=("album:1",),
        metadata={"seed": 12345678901234567890, "nested": [None, 0.1]},
    ),
    fixed=frozenset({"tags", "title"}),
    may_set=frozenset({"alt_text"}),
)


@dataclass(frozen=True)
class Store:
    """Upload tokens, and the records whose reservations charge them."""

    tokens: UploadTokens
    rows: Rows

    def reserve(self, token: UploadToken, **changes: Any) -> Image:
        """Reserve an image and charge a token for it."""
        image = pending(upload_token=token.id, **changes)
        full = replace(reservation(image), charges=(token.charge(image.record.size_bytes),))
        self.rows.reserve(full)
        return image

    def images(self, token: UploadToken) -> int:
        """How many images were reserved with a token."""
        current = self.tokens.get(token.id)
        assert current is not None
        return current.images


@pytest.fixture(params=["memory", "dynamodb in moto", "dynamodb in memory"])
def store(request: pytest.FixtureRequest, tables: Tables) -> Store:
    kind, _, place = request.param.partition(" in ")
    if kind == "memory":
        rows = MemoryRepository()
        return Store(MemoryUploadTokens(rows), rows)
    return real_store(tables(place))


def real_store(table: Table, client: Any = None) -> Store:
    chosen = client or table.client
    return Store(DynamoUploadTokens(DynamoTable(table.name, client=lambda: chosen)), dynamo(table, chosen))


@pytest.mark.parametrize("token", [PLAIN, FULL], ids=["plain", "full"])
def test_a_token_reads_as_it_was_written(store: Store, token: UploadToken) -> None:
    store.tokens.create(token)

    assert store.tokens.get(token.id) == token
    assert store.tokens.get("another") is None


def test_a_token_is_created_once(store: Store) -> None:
    store.tokens.create(PLAIN)

    with pytest.raises(Conflict):
        store.tokens.create(replace(PLAIN, owner="bob"))

    assert store.tokens.get(PLAIN.id) == PLAIN


def test_a_reservation_counts_an_image_of_its_token_alone(store: Store) -> None:
    store.tokens.create(PLAIN)
    store.tokens.create(FULL)

    image = store.reserve(PLAIN)

    assert store.tokens.get(PLAIN.id) == replace(PLAIN, images=1)
    assert store.tokens.get(FULL.id) == FULL
    assert store.rows.get(image.record.id) == image
    assert image.record.upload_token == PLAIN.id


def test_a_reservation_that_is_repeated_counts_once(store: Store) -> None:
    store.tokens.create(PLAIN)
    image = pending()
    full = replace(reservation(image), charges=(PLAIN.charge(1_000),))

    store.rows.reserve(full)
    store.rows.reserve(full)

    assert store.images(PLAIN) == 1


def test_an_image_beyond_a_token_leaves_nothing(store: Store) -> None:
    store.tokens.create(PLAIN)
    for _ in range(2):
        store.reserve(PLAIN)
    refused = pending(guarded=True)
    usage = store.rows.usage(OWNER)

    with pytest.raises(UploadTokenUsedUp):
        store.rows.reserve(replace(everything(refused), charges=(PLAIN.charge(1_000),)))

    assert store.images(PLAIN) == 2
    assert store.rows.get(refused.record.id) is None
    assert store.rows.idempotency(KEY.name) is None
    assert store.rows.copies(OWNER, refused.record.sha256).guard is None
    assert store.rows.usage(OWNER) == usage


def test_a_token_that_is_gone_counts_nothing_and_is_not_brought_back(store: Store) -> None:
    with pytest.raises(UploadTokenUsedUp):
        store.reserve(PLAIN)

    assert store.tokens.get(PLAIN.id) is None


def test_an_image_beyond_the_quota_is_not_counted(store: Store) -> None:
    store.tokens.create(PLAIN)
    store.reserve(PLAIN)
    full = reservation(pending(), quota=Quota(images=1))

    with pytest.raises(QuotaExceeded):
        store.rows.reserve(replace(full, charges=(PLAIN.charge(1_000),)))

    assert store.images(PLAIN) == 1


def test_of_two_requests_with_one_key_the_second_hears_of_the_first_and_not_of_the_used_up_token(
    store: Store,
) -> None:
    token = replace(PLAIN, max_images=1)
    store.tokens.create(token)
    store.rows.reserve(replace(reservation(pending(), idempotency=KEY), charges=(token.charge(1_000),)))

    with pytest.raises(Conflict):
        store.rows.reserve(replace(reservation(pending(), idempotency=KEY), charges=(token.charge(1_000),)))

    assert store.images(token) == 1


def test_a_reservation_that_is_abandoned_stays_counted(store: Store) -> None:
    store.tokens.create(PLAIN)
    image = store.reserve(PLAIN)

    store.rows.replace(image, moved(image, State.DELETING))

    assert store.images(PLAIN) == 1


def test_a_stored_image_keeps_the_name_of_its_token(store: Store) -> None:
    store.tokens.create(PLAIN)

    stored = advance(store.rows, store.reserve(PLAIN), State.READY, due_at=None)

    current = store.rows.get(stored.record.id)
    assert current is not None
    assert current.record.upload_token == PLAIN.id


def test_several_counters_are_charged_together_or_not_at_all(store: Store) -> None:
    """Bytes are counted as well as images; the limit of each counter is its own."""
    store.tokens.create(PLAIN)
    store.tokens.create(FULL)
    first = Charge(counter=Counter(CounterKind.UPLOAD_TOKEN, PLAIN.id), size_bytes=700, ends_at=NOON)
    second = Charge(
        counter=Counter(CounterKind.UPLOAD_TOKEN, FULL.id), size_bytes=700, max_bytes=1_500, ends_at=NOON
    )

    outcomes = []
    for _ in range(3):
        try:
            store.rows.reserve(replace(reservation(pending()), charges=(first, second)))
            outcomes.append("stored")
        except UploadTokenUsedUp:
            outcomes.append("refused")

    assert outcomes == ["stored", "stored", "refused"]
    assert (store.images(PLAIN), store.images(FULL)) == (2, 2)


# The real adapters alone ------------------------------------------------------------------------------


def test_racing_uploads_never_exceed_a_token(table: Table) -> None:
    """Forty at once, where ten are allowed."""
    store, token = real_store(table), replace(PLAIN, max_images=10)
    store.tokens.create(token)

    def attempt(_: int) -> str:
        try:
            store.reserve(token)
        except UploadTokenUsedUp:
            return "refused"
        return "reserved"

    with ThreadPoolExecutor(40) as pool:
        outcomes = Tally(pool.map(attempt, range(40)))

    records = [item for item in table.rows() if item["sk"]["S"] == "META"]
    assert outcomes == {"reserved": 10, "refused": 30}
    assert len(records) == store.images(token) == 10


def test_a_reservation_whose_response_is_lost_counts_once(table: Table) -> None:
    losing = InterceptedClient(table.client, transact_write_items=lose_response)
    real_store(table).tokens.create(PLAIN)

    real_store(table, losing).reserve(PLAIN)

    assert real_store(table).images(PLAIN) == 1


def test_a_reservation_that_never_arrived_is_not_counted(table: Table) -> None:
    losing = InterceptedClient(table.client, transact_write_items=never_send)
    real_store(table).tokens.create(PLAIN)

    with pytest.raises(StorageUnavailable):
        real_store(table, losing).reserve(PLAIN)

    assert real_store(table).images(PLAIN) == 0


def test_the_row_of_a_token_goes_a_day_after_its_end(table: Table) -> None:
    real_store(table).tokens.create(PLAIN)

    [row] = table.rows()
    assert row["ttl"]["N"] == str(int((PLAIN.expires_at + timedelta(days=1)).timestamp()))


def test_the_largest_reservation_of_a_token_fits_into_a_transaction(table: Table) -> None:
    """TransactWriteItems takes at most 100 operations, each on another item."""
    client = InterceptedClient(table.client)
    store = real_store(table, client)
    store.tokens.create(PLAIN)
    image = pending(guarded=True, groups=tuple(f"album:{n}" for n in range(20)), intent="A" * 22)

    store.rows.reserve(replace(everything(image), charges=(PLAIN.charge(1_000),)))

    [request] = client.requests("transact_write_items")
    operations = request["TransactItems"]
    items = [operation.get("Put", {}).get("Item") or operation["Update"]["Key"] for operation in operations]
    places = {(item["pk"]["S"], item["sk"]["S"]) for item in items}
    assert len(places) == len(operations) == 7
