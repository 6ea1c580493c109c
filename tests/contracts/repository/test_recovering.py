"""Lost images are written again as wholes: with every row that follows from them, once, and never over a record."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, State, Visibility
from image_store.domain.images.quota import Usage
from tests.contracts.repository.images import (
    MADE,
    NOON,
    OWNER,
    PUBLICATION,
    THUMB,
    advance,
    buried,
    ids_of,
    moved,
    pending,
    query,
    ready,
    reservation,
)
from tests.contracts.tables import Table, dynamo
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient, Send, lose_response, never_send, nth
from tests.fakes.rows import DynamoRows, Rows


def lost(state: State = State.READY, **changes: Any) -> Image:
    """An image that no table knows, as a backup has it."""
    image = pending(groups=("album:a",), **changes)
    return replace(moved(image, state), record=replace(moved(image, state).record, version=7, due_at=None))


def project(store: Rows, image: Image) -> None:
    """Let the consumer of the stream see an image as it is now."""
    if isinstance(store, DynamoRows):
        DynamoProjector(store.own_table).project(image.record.id, epoch=1, at=NOON)


def ended(store: Rows) -> Image:
    """The last record of an image that was deleted for good."""
    tombstone = buried(store)
    project(store, tombstone)
    store.forget(tombstone)
    project(store, tombstone)
    return tombstone


@pytest.mark.parametrize("state", [State.READY, State.TRASHED])
def test_a_whole_image_is_written_and_listed(store: Rows, state: State) -> None:
    image = lost(state, amendment="an amendment", renditions=(THUMB, MADE), category="cats")

    written = store.recover(image)

    assert written == image
    assert store.get(image.record.id) == image
    assert ids_of(store, query(trashed=state is State.TRASHED)) == [image.record.id]
    members = store.members(OwnerGroup(OWNER, "album:a"), after=None, limit=9).image_ids
    assert members == ((image.record.id,) if state is State.READY else ())
    assert store.usage(OWNER) == Usage(1, 1_000)


def test_a_recovery_that_is_repeated_counts_once(store: Rows) -> None:
    image = lost()

    store.recover(image)
    store.recover(image)

    assert store.usage(OWNER) == Usage(1, 1_000)


@pytest.mark.parametrize("existing", [ready, buried], ids=["ready", "tombstone"])
def test_no_record_is_ever_replaced(store: Rows, existing: Callable[[Rows], Image]) -> None:
    there = existing(store)

    with pytest.raises(Conflict):
        store.recover(lost(id=there.record.id))

    assert store.get(there.record.id) == there


def test_a_publication_is_current_again(store: Rows) -> None:
    image = lost(visibility=Visibility.PUBLIC, publication=PUBLICATION)

    store.recover(image)

    row = store.publication(PUBLICATION)
    assert row is not None
    assert (row.image_id, row.due_at, row.keys) == (
        image.record.id,
        None,
        image.record.public_keys(PUBLICATION),
    )


def test_the_guard_stays_with_the_image_that_holds_it(store: Rows) -> None:
    holder = ready(store, guarded=True)
    image = lost(guarded=True, sha256=holder.record.sha256)

    written = store.recover(image)

    assert not written.record.guarded
    assert store.get(image.record.id) == written
    assert store.copies(OWNER, holder.record.sha256).guard == holder.record.id


def test_a_free_guard_comes_back(store: Rows) -> None:
    image = lost(guarded=True)

    store.recover(image)

    assert store.copies(OWNER, image.record.sha256).guard == image.record.id


def test_usage_grows_beyond_a_quota(store: Rows) -> None:
    store.recover(lost())
    store.recover(lost())

    assert store.usage(OWNER) == Usage(2, 2_000)


def test_an_image_that_ended_is_known_and_comes_back_above_its_last_version(store: Rows) -> None:
    tombstone = ended(store)
    image = lost(id=tombstone.record.id)
    image = replace(image, record=replace(image.record, version=2))
    assert store.ended({image.record.id: 2, lost().record.id: 2}) == {image.record.id}

    written = store.recover(image)

    assert written.record.version > tombstone.record.version
    assert store.get(image.record.id) == written


def test_an_image_that_is_not_newer_than_what_is_known_only_got_lost(store: Rows) -> None:
    tombstone = ended(store)

    assert store.ended({tombstone.record.id: tombstone.record.version}) == set()


def test_reads_of_nothing_are_nothing(store: Rows) -> None:
    assert store.ended({}) == set()


# DynamoRepository alone -------------------------------------------------------------------------------


def test_lists_that_know_the_end_of_an_image_show_it_again(table: Table) -> None:
    store = dynamo(table)
    tombstone = ended(store)
    image = lost(id=tombstone.record.id)

    store.recover(image)
    project(store, image)

    [row] = [row for row in table.rows() if row["sk"]["S"] == "PROJECTION"]
    assert "facts" in row
    assert "ttl" not in row


def test_a_consumer_that_sees_the_end_meanwhile_does_not_hide_the_image() -> None:
    memory = MemoryDynamo()
    table = Table(memory, new_table(memory))
    plain = dynamo(table)
    tombstone = buried(plain)
    project(plain, tombstone)
    plain.forget(tombstone)
    image = lost(id=tombstone.record.id)
    image = replace(image, record=replace(image.record, version=tombstone.record.version))

    def see_the_end(send: Send) -> Any:
        removed = memory.delete_item(TableName=table.name, Key=keys.projection(tombstone.record.id))
        assert removed is not None
        return send()

    written = dynamo(table, InterceptedClient(memory, transact_write_items=nth(1, see_the_end))).recover(
        image
    )
    project(plain, image)

    assert plain.get(image.record.id) == written
    [row] = [row for row in table.rows() if row["sk"]["S"] == "PROJECTION"]
    assert row["version"]["N"] == str(written.record.version)


@pytest.mark.parametrize("hook", [lose_response, never_send])
def test_a_lost_response_is_settled_by_a_read(table: Table, hook: Any) -> None:
    image = lost()
    store = dynamo(table, InterceptedClient(table.client, transact_write_items=hook))

    if hook is never_send:
        with pytest.raises(StorageUnavailable):
            store.recover(image)
    else:
        store.recover(image)

    assert dynamo(table).get(image.record.id) == (None if hook is never_send else image)


def test_every_row_that_an_upload_writes_is_written(table: Table) -> None:
    store = dynamo(table)
    details = Details(groups=("album:a", "session:b"), title="A cat", tags=("cat",))
    uploaded = replace(
        pending(guarded=True, visibility=Visibility.PUBLIC, intent=PUBLICATION), details=details
    )
    store.reserve(reservation(uploaded))
    stored = advance(store, uploaded, State.READY, due_at=None, intent=None, publication=PUBLICATION)
    uploaded_rows = table.rows()
    other = dynamo(Table(table.client, new_table(table.client)))

    other.recover(stored)

    def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))

    other_rows = Table(table.client, other.own_table.name).rows()
    assert in_order(other_rows) == in_order(uploaded_rows)


def test_a_rows_deadline_is_kept(store: Rows) -> None:
    image = lost(State.TRASHED)
    image = replace(image, record=replace(image.record, due_at=NOON + timedelta(days=30)))

    store.recover(image)

    assert set(store.due(NOON + timedelta(days=31))) == {image.record.id}
