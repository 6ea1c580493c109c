"""How owners come to the turns that policies have with their images, without a write of each upload."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys, owner_keys
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.operations.owners import DynamoOwners
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.images.image import State
from tests.contracts.repository.images import NOON, OWNER, advance, pending, reservation
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient
from tests.fakes.rows import DynamoRows

LATER = NOON + timedelta(hours=3)


class Stored:
    """Images that are stored and then projected."""

    def __init__(self) -> None:
        self.client = MemoryDynamo()
        self.table = new_table(self.client)
        self.intercepted = InterceptedClient(self.client)
        self.rows = DynamoRows(DynamoTable(self.table, client=lambda: self.client))

    def projector(self, *, after_save: bool = False) -> DynamoProjector:
        """The projector of a function that has just started."""
        return DynamoProjector(
            DynamoTable(self.table, client=lambda: self.intercepted), policies_after_save=after_save
        )

    def store(self, projector: DynamoProjector, at: datetime = NOON, **changes: Any) -> str:
        image = pending(**changes)
        self.rows.reserve(reservation(image))
        advance(self.rows, image, State.READY)
        projector.project(image.record.id, epoch=1, at=at)
        return image.record.id

    def due(self, at: datetime) -> list[str]:
        return list(self.rows.owners_due(at))

    def owners(self) -> list[str]:
        table = DynamoTable(self.table, client=lambda: self.client)
        return list(DynamoOwners(table).page(after=None, limit=10).owners)

    def writes_of_turns(self) -> int:
        """How many writes were sent to rows of turns since the last look."""
        count: int = sum(
            operation == "update_item" and request["Key"] == keys.turn(OWNER)
            for operation, request in self.intercepted.calls
        )
        self.intercepted.calls.clear()
        return count


@pytest.fixture
def stored() -> Stored:
    return Stored()


def test_the_first_image_of_an_owner_lets_policies_look_and_no_other_writes_for_it(stored: Stored) -> None:
    projector = stored.projector()

    stored.store(projector)
    assert stored.writes_of_turns() == 2  # its turn, and that the owner is listed
    for each in (projector, projector, stored.projector()):
        stored.store(each, at=LATER)

    assert stored.writes_of_turns() == 0
    assert stored.due(NOON - timedelta(microseconds=1)) == []
    assert stored.due(NOON) == [OWNER]


def test_a_reservation_alone_gives_no_turn(stored: Stored) -> None:
    stored.rows.reserve(reservation(pending()))

    assert stored.due(LATER) == []


def test_an_image_alone_brings_no_turn_forward(stored: Stored) -> None:
    stored.store(stored.projector())
    stored.rows.owner_done(OWNER, next_at=NOON + timedelta(days=1))

    stored.store(stored.projector(), at=LATER)

    assert stored.due(LATER) == []


def test_each_new_image_lets_policies_look_soon_where_a_deployment_wants_it(stored: Stored) -> None:
    projector = stored.projector(after_save=True)
    image_id = stored.store(projector)
    stored.rows.owner_done(OWNER, next_at=NOON + timedelta(days=1))

    projector.project(image_id, epoch=1, at=LATER, again=True)
    assert stored.due(LATER) == []

    stored.store(projector, at=LATER)
    assert stored.due(LATER) == [OWNER]


def test_an_owner_is_listed_once_with_the_first_image(stored: Stored) -> None:
    projector = stored.projector()

    assert stored.owners() == []
    stored.store(projector)
    assert stored.owners() == [OWNER]
    for each in (projector, stored.projector(), stored.projector(after_save=True)):
        stored.store(each, at=LATER)

    assert stored.owners() == [OWNER]
    lists = [request for name, request in stored.intercepted.calls if name == "put_item"]
    assert len(lists) == 1


def test_a_listing_that_was_cut_off_is_made_up_for(stored: Stored) -> None:
    stored.store(stored.projector())
    stored.client.delete_item(TableName=stored.table, Key=owner_keys.listed_owner(OWNER))
    stored.client.update_item(TableName=stored.table, Key=keys.turn(OWNER), UpdateExpression="REMOVE listed")

    stored.store(stored.projector(), at=LATER)

    assert stored.owners() == [OWNER]


def test_an_owner_of_an_earlier_build_is_listed_with_the_next_turn(stored: Stored) -> None:
    stored.store(stored.projector())
    stored.client.delete_item(TableName=stored.table, Key=owner_keys.listed_owner(OWNER))
    stored.client.update_item(TableName=stored.table, Key=keys.turn(OWNER), UpdateExpression="REMOVE listed")

    stored.rows.owner_done(OWNER, next_at=LATER)

    assert stored.owners() == [OWNER]


def test_an_owner_of_the_first_version_keeps_the_turn(stored: Stored) -> None:
    row = {
        **keys.key(f"USAGE#{OWNER.replace(' ', '%20').replace('/', '%2F').replace('#', '%23')}", "USAGE"),
        "images": {"N": "1"},
        "promised": {"N": "1"},
        "size_bytes": {"N": "5"},
        "due_shard": {"S": keys.policy_shard(OWNER)},
        "due_at": {"S": "2026-03-01T12:00:00.000000Z"},
    }
    stored.client.put_item(TableName=stored.table, Item=row)

    stored.store(stored.projector(), at=LATER)

    assert stored.due(NOON) == [OWNER]
    stored.rows.owner_done(OWNER, next_at=LATER)
    assert stored.due(NOON) == []
