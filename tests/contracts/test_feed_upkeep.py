"""Rows of the feed of earlier builds are replaced, and those that follow from no record are removed."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.dynamodb.upkeep.feed_upkeep import DynamoFeedUpkeep
from image_store.domain.images.details import Details
from image_store.domain.images.image import Image, State, Visibility
from tests.contracts.repository.images import NOON
from tests.contracts.test_feed import POST, Public, all_of, in_table
from tests.fakes.dynamodb import all_items
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.interception import InterceptedClient, after
from tests.fakes.projections import assert_feed_follows, key_of

MONTHS = keys.former_feed_months(1)


class Earlier:
    """A table as earlier builds left it: rows of the feed by month, and none that is read now."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.store: Public = in_table(client)
        self.table = self.store.table
        self.upkeep = DynamoFeedUpkeep(DynamoTable(self.table, client=lambda: client, sleep=lambda _: None))

    def put(self, key: tuple[str, str], **attributes: Any) -> None:
        self.client.put_item(TableName=self.table, Item={**keys.key(*key), **attributes})

    def delete(self, key: tuple[str, str]) -> None:
        self.client.delete_item(TableName=self.table, Key=keys.key(*key))

    def items(self) -> list[dict[str, Any]]:
        return all_items(self.client, self.table)

    def keys(self, prefix: str) -> list[tuple[str, str]]:
        return [key_of(item) for item in self.items() if item["pk"]["S"].startswith(prefix)]

    def as_earlier(self, image: Image) -> None:
        for row in records.feed_rows(image):
            self.delete(key_of(row))
        month = image.record.created_at.strftime("%Y-%m")
        self.put((keys.former_feed(month), image.record.id))
        self.client.update_item(
            TableName=self.table,
            Key=keys.key(*MONTHS),
            UpdateExpression="ADD #month :one",
            ExpressionAttributeNames={"#month": month},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    def upgrade(self, *, until: datetime = NOON, now: datetime = NOON - timedelta(minutes=1)) -> int:
        return self.upkeep.upgrade(until=until, now=lambda: now)


@pytest.fixture
def earlier() -> Earlier:
    return Earlier(MemoryDynamo())


def test_rows_of_an_earlier_build_are_replaced_by_those_that_are_read(earlier: Earlier) -> None:
    added = [earlier.store.add(days=n * 20, details=Details(groups=(POST,))) for n in range(4)]
    for image in added:
        earlier.as_earlier(image)
    hidden = earlier.store.add()
    earlier.as_earlier(hidden)
    earlier.store.withdraw(hidden)
    assert all_of(earlier.store, 10) == []

    assert earlier.upgrade() == 5

    assert all_of(earlier.store, 10) == [image.record.id for image in added[::-1]]
    assert all_of(earlier.store, 10, group=POST) == [image.record.id for image in added[::-1]]
    assert earlier.keys(keys.FORMER_FEED_PREFIX) == []
    assert MONTHS not in earlier.keys(keys.STATS_PREFIX)
    assert_feed_follows(earlier.items())
    assert earlier.upgrade() == 0


def test_an_upgrade_ends_in_time_and_continues_later(earlier: Earlier) -> None:
    earlier.as_earlier(earlier.store.add())

    assert earlier.upgrade(now=NOON) == 0
    assert earlier.keys(keys.FORMER_FEED_PREFIX)
    assert earlier.upgrade() == 1


def test_an_image_withdrawn_during_the_upgrade_does_not_come_back(earlier: Earlier) -> None:
    image = earlier.store.add()
    earlier.as_earlier(image)
    slow = InterceptedClient(
        earlier.client, transact_write_items=after(lambda: earlier.store.withdraw(image))
    )
    earlier.upkeep = DynamoFeedUpkeep(DynamoTable(earlier.table, client=lambda: slow, sleep=lambda _: None))

    earlier.upgrade()
    earlier.upgrade()

    assert all_of(earlier.store, 10) == []
    assert earlier.keys(keys.FORMER_FEED_PREFIX) == []
    assert_feed_follows(earlier.items())


def test_a_record_that_cannot_be_read_does_not_stop_the_upgrade_of_others(earlier: Earlier) -> None:
    damaged, whole = earlier.store.add(), earlier.store.add(days=40)
    for image in (damaged, whole):
        earlier.as_earlier(image)
    key = keys.record(damaged.record.id)
    item = earlier.client.get_item(TableName=earlier.table, Key=key)["Item"]
    earlier.client.put_item(TableName=earlier.table, Item={**item, "record": {"S": "?"}})

    earlier.upgrade()

    assert all_of(earlier.store, 10) == [whole.record.id]
    assert [key[1] for key in earlier.keys(keys.FORMER_FEED_PREFIX)] == [damaged.record.id]


def test_a_rebuild_restores_rows_that_are_missing_and_removes_those_of_no_record(earlier: Earlier) -> None:
    missing, private = earlier.store.add(), earlier.store.add(Visibility.PRIVATE)
    stray = (keys.FEED, private.record.id)
    for row in records.feed_rows(missing):
        earlier.delete(key_of(row))
    gone = earlier.store.add(details=Details(groups=(POST,)))
    rows = records.feed_rows(gone)
    earlier.store.move(gone, State.DELETING, publication=None)
    for row in rows:
        earlier.client.put_item(TableName=earlier.table, Item=row)
    earlier.put(stray, card={"S": "[]"})
    projector = DynamoProjector(
        DynamoTable(earlier.table, client=lambda: earlier.client, sleep=lambda _: None)
    )

    after: str | None = None
    while True:
        _, after = projector.rebuild_slice(after=after, limit=5, epoch=1, at=NOON)
        if after is None:
            break

    assert_feed_follows(earlier.items())
    assert all_of(earlier.store, 10) == [missing.record.id]
