"""The records of groups: one row for each, in one partition for each owner, sorted by type and name."""

import json
from typing import Any

from image_store.adapters.dynamodb import group_keys, keys, schema
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.adapters.dynamodb.table import OnTable, refused
from image_store.domain.finding.groups import GroupRecord
from image_store.ports.finding import Groups


class DynamoGroups(OnTable, Groups):
    """Groups in the one table."""

    def get(self, owner: str, name: str) -> GroupRecord | None:
        item = self._item(group_keys.record(owner, name))
        return None if item is None else record_of(item)

    def count(self, owner: str) -> int:
        total, start = 0, dict[str, Any]()
        while True:
            answer = self._rows.call(
                "query",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": group_keys.records(owner)}},
                ConsistentRead=True,
                Select="COUNT",
                **start,
            )
            total += int(answer["Count"])
            if "LastEvaluatedKey" not in answer:
                return total
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def create(self, record: GroupRecord) -> None:
        self._put(record, {"ConditionExpression": "attribute_not_exists(pk)"})

    def replace(self, before: GroupRecord, after: GroupRecord) -> None:
        is_current = {
            "ConditionExpression": "#change = :before",
            "ExpressionAttributeNames": {"#change": "change"},
            "ExpressionAttributeValues": {":before": {"S": before.change}},
        }
        self._put(after, is_current)

    def remove(self, owner: str, name: str) -> None:
        key = group_keys.record(owner, name)
        self._rows.conditional("delete_item", Key=key, ConditionExpression="attribute_exists(pk)")

    def has_images(self, owner: str, name: str) -> bool:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.group(owner, name)}},
            ConsistentRead=True,
            Select="COUNT",
            Limit=1,
        )
        return bool(answer["Count"])

    def has_image(self, owner: str, name: str, image_id: str) -> bool:
        return self._item(keys.key(keys.group(owner, name), image_id)) is not None

    def _put(self, record: GroupRecord, condition: dict[str, Any]) -> None:
        """Put a record; if its condition does not hold, a read decides whether this write was made before."""
        item = _item_of(record)
        if self._rows.conditional("put_item", Item=item, **condition) is None:
            current = self._item(group_keys.record(record.owner, record.name))
            if current is None or current["change"] != item["change"]:
                raise refused()

    def _item(self, key: keys.Key) -> Item | None:
        item: Item | None = self._rows.call("get_item", Key=key, ConsistentRead=True).get("Item")
        return item


def _item_of(record: GroupRecord) -> Item:
    body = {
        "owner": record.owner,
        "created_at": text_time(record.created_at),
        "title": record.title,
        "cover_image_id": record.cover_image_id,
    }
    return {
        **group_keys.record(record.owner, record.name),
        **schema.STAMP,
        "change": {"S": record.change},
        "group": {"S": as_json({name: value for name, value in body.items() if value is not None})},
    }


@schema.reading
def record_of(item: Item) -> GroupRecord:
    """The record in an item."""
    schema.version_of(item)
    body = json.loads(item["group"]["S"])
    return GroupRecord(
        name=group_keys.group_of(item["sk"]["S"]),
        change=item["change"]["S"],
        **body | {"created_at": parse_time(body["created_at"])},
    )
