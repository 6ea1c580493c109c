"""Each call of DynamoRows: strong where it decides, never a Scan, and StorageUnavailable when it fails."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.delivery.publication import PublicationRow
from image_store.domain.errors import StorageUnavailable
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.ingest import SweepPosition
from tests.contracts.repository.images import NOON, OWNER, PUBLICATION, SHA256, buried, query
from tests.contracts.tables import Table, dynamo
from tests.fakes.interception import InterceptedClient, never_send, refuse
from tests.fakes.rows import DynamoRows, Rows

A_ROW = PublicationRow(PUBLICATION, "id", frozenset({"p/key"}), NOON)
READS: dict[str, Callable[[Rows], object]] = {
    "get": lambda store: store.get("id"),
    "get_record": lambda store: store.get_record("id"),
    "cards": lambda store: store.cards(query(), after=None),
    "copies": lambda store: store.copies(OWNER, SHA256),
    "idempotency": lambda store: store.idempotency("name"),
    "usage": lambda store: store.usage(OWNER),
    "due": lambda store: list(store.due(NOON)),
    "owners_due": lambda store: list(store.owners_due(NOON)),
    "publication": lambda store: store.publication(PUBLICATION),
    "forget_publication": lambda store: store.forget_publication(A_ROW, at=NOON),
    "announce_copy": lambda store: store.announce_copy(PUBLICATION, "p/key", until=NOON),
    "add_stray_copies": lambda store: store.add_stray_copies(A_ROW),
    "take_rendering": lambda store: store.take_rendering("file", holder="one", at=NOON, until=NOON),
    "members": lambda store: store.members(OwnerGroup(OWNER, "session:s1"), after=None, limit=1),
    "sweep_position": lambda store: store.sweep_position("ingest"),
    "find_settled": lambda store: store.find_settled(["name"], at=NOON),
    "note": lambda store: store.note("name", what="refused", expires_at=NOON),
    "keep_sweep_position": lambda store: store.keep_sweep_position("ingest", SweepPosition(None, NOON)),
}
WEAK_OR_WRITTEN = {
    "cards",
    "due",
    "owners_due",
    "forget_publication",
    "announce_copy",
    "add_stray_copies",
    "take_rendering",
    "find_settled",
    "note",
    "keep_sweep_position",
}


@pytest.mark.parametrize("failure", [never_send, refuse], ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("method", READS)
def test_every_failure_is_storage_unavailable(
    method: str, failure: Callable[[Callable[[], Any]], Any]
) -> None:
    client = InterceptedClient(
        None,
        query=failure,
        get_item=failure,
        delete_item=failure,
        put_item=failure,
        update_item=failure,
        batch_get_item=failure,
    )
    store = DynamoRows(DynamoTable("images", client=lambda: client))

    with pytest.raises(StorageUnavailable) as raised:
        READS[method](store)

    assert raised.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize("method", [name for name in READS if name not in WEAK_OR_WRITTEN])
def test_reads_that_decide_are_strong(table: Table, method: str) -> None:
    client = InterceptedClient(table.client)

    READS[method](dynamo(table, client))

    request = client.calls[0][1]
    assert len(client.calls) == (3 if method == "usage" else 1), "figures are read beside the count"
    assert request["ConsistentRead"] is True


MAINTENANCE: dict[str, Callable[[Rows], object]] = {
    "scan": lambda store: store.scan(after=None, limit=1),
    "owner_done": lambda store: store.owner_done(OWNER, next_at=NOON),
}


@pytest.mark.parametrize("failure", [never_send, refuse], ids=lambda failure: failure.__name__)
@pytest.mark.parametrize("method", MAINTENANCE)
def test_every_failure_of_maintenance_is_storage_unavailable(
    method: str, failure: Callable[[Callable[[], Any]], Any]
) -> None:
    client = InterceptedClient(None, scan=failure, update_item=failure)

    with pytest.raises(StorageUnavailable):
        MAINTENANCE[method](DynamoRows(DynamoTable("images", client=lambda: client)))


def test_no_method_scans(table: Table) -> None:
    client = InterceptedClient(table.client)
    store = dynamo(table, client)

    store.forget(buried(store))
    for read in READS.values():
        read(store)

    assert {operation for operation, _ in client.calls} == {
        "transact_write_items",
        "query",
        "get_item",
        "batch_get_item",
        "put_item",
        "update_item",
        "delete_item",
    }


def test_making_a_repository_makes_no_client() -> None:
    def client() -> Any:
        pytest.fail("A client was made.")

    DynamoRows(DynamoTable("images", client=client))
