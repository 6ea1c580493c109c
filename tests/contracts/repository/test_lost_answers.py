"""Answers that only a real table gives: lost answers and conflicts of transactions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.table import CONFLICT_RETRY, DynamoTable
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.images.image import State
from image_store.domain.images.quota import Quota, Usage
from tests.contracts.repository.images import (
    OWNER,
    SHA256,
    advance,
    buried,
    everything,
    moved,
    pending,
    reservation,
    reserve,
)
from tests.contracts.tables import Table, dynamo
from tests.fakes.interception import (
    InterceptedClient,
    fail_after_effect,
    lose_response,
    never_send,
    refuse,
    send_twice,
)
from tests.fakes.rows import DynamoRows


@pytest.mark.parametrize(
    "lost", [lose_response, fail_after_effect, send_twice], ids=lambda lost: lost.__name__
)
def test_writes_whose_responses_are_lost_are_settled_by_a_strong_read(
    table: Table, lost: Callable[[Callable[[], Any]], Any]
) -> None:
    client = InterceptedClient(table.client, transact_write_items=lost)
    store = dynamo(table, client)

    image = pending(guarded=True)
    store.reserve(everything(image, quota=Quota(images=1)))
    doomed = advance(store, image, State.DELETING, guarded=False)
    tombstone = advance(store, doomed, State.TOMBSTONE)
    store.forget(tombstone)

    reads = [
        request
        for operation, request in client.calls
        if operation == "get_item" and request["Key"] == keys.record(image.record.id)
    ]
    assert len(reads) == 4
    assert all(request["ConsistentRead"] for request in reads)
    assert store.get(image.record.id) is None
    assert store.usage(OWNER) == Usage(0, 0)


@pytest.mark.parametrize("failure", [never_send, refuse], ids=lambda failure: failure.__name__)
def test_writes_that_never_happened_are_storage_unavailable(
    table: Table, failure: Callable[[Callable[[], Any]], Any]
) -> None:
    image = reserve(dynamo(table))
    tombstone = buried(dynamo(table))
    store = dynamo(table, InterceptedClient(table.client, transact_write_items=failure))

    writes: tuple[Callable[[], None], ...] = (
        lambda: store.reserve(reservation(pending())),
        lambda: store.replace(image, moved(image, State.READY)),
        lambda: store.forget(tombstone),
    )
    for write in writes:
        with pytest.raises(StorageUnavailable) as raised:
            write()
        assert raised.value.retry_after == timedelta(seconds=1)
    assert dynamo(table).get(image.record.id) == image
    assert dynamo(table).usage(OWNER) == Usage(1, 1_000)


def test_a_response_lost_after_another_writer_won_is_not_a_success(table: Table) -> None:
    seen = reserve(dynamo(table))

    def overtaken(carry_out: Callable[[], Any]) -> Any:
        advance(dynamo(table), seen, State.DELETING)
        with pytest.raises(ClientError):
            carry_out()
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    store = dynamo(table, InterceptedClient(table.client, transact_write_items=overtaken))

    with pytest.raises(StorageUnavailable):
        store.replace(seen, moved(seen, State.READY))


def test_a_read_that_cannot_settle_a_lost_response_is_storage_unavailable(table: Table) -> None:
    client = InterceptedClient(table.client, transact_write_items=lose_response, get_item=never_send)

    with pytest.raises(StorageUnavailable):
        dynamo(table, client).reserve(reservation(pending()))


class Time:
    """Time that passes while somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.elapsed = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        # Full jitter may draw next to nothing; what is measured is what time it costs at most.
        self.elapsed += max(seconds, 0.01)


def conflicting(carry_out: Callable[[], Any], *, single: bool = False) -> Any:
    """Another transaction holds a row."""
    if single:
        answer: Any = {"Error": {"Code": "TransactionConflictException", "Message": "no"}}
    else:
        answer = {
            "Error": {"Code": "TransactionCanceledException", "Message": "no"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
        }
    raise ClientError(answer, "TransactWriteItems")


@pytest.mark.parametrize("single", [True, False])
def test_a_conflict_of_transactions_that_passes_is_not_noticed(table: Table, single: bool) -> None:
    left = iter([True, True, True, False])
    time = Time()
    client = InterceptedClient(
        table.client,
        transact_write_items=lambda carry_out: (
            conflicting(carry_out, single=single) if next(left) else carry_out()
        ),
    )
    store = DynamoRows(
        DynamoTable(table.name, client=lambda: client, sleep=time.sleep, monotonic=lambda: time.elapsed)
    )
    image = pending()

    store.reserve(reservation(image))

    assert store.get(image.record.id) == image
    assert len(time.slept) == 3


def test_a_conflict_of_transactions_is_waited_for_some_seconds_with_jitter_up_to_160_ms(table: Table) -> None:
    time = Time()
    client = InterceptedClient(table.client, transact_write_items=conflicting)
    store = DynamoRows(
        DynamoTable(table.name, client=lambda: client, sleep=time.sleep, monotonic=lambda: time.elapsed)
    )
    image = pending()

    with pytest.raises(StorageUnavailable) as raised:
        store.reserve(reservation(image))

    assert raised.value.retry_after == timedelta(seconds=1)
    assert CONFLICT_RETRY.total_seconds() - 0.2 < time.elapsed < CONFLICT_RETRY.total_seconds() == 6
    assert all(0 <= slept <= min(0.16, 0.02 * 2**turn) for turn, slept in enumerate(time.slept))
    assert max(time.slept) > 0.1
    assert dynamo(table).get(image.record.id) is None


def test_a_lost_race_is_not_tried_again(table: Table) -> None:
    holder = reserve(dynamo(table), sha256=SHA256, guarded=True)
    client = InterceptedClient(table.client)
    store = dynamo(table, client)

    with pytest.raises(Conflict):
        store.reserve(reservation(pending(sha256=SHA256, guarded=True)))

    assert [operation for operation, _ in client.calls] == ["transact_write_items", "get_item"]
    assert dynamo(table).copies(OWNER, SHA256).guard == holder.record.id
