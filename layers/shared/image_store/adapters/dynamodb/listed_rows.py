"""Rows of which each has a second row that lists it, such as API keys and shares.

Both rows have the same `ttl`: a fixed time after the end of what they describe. So a list row alone tells whether its
subject is in force.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.keys import Key, key
from image_store.adapters.dynamodb.table import OnTable


class Subject(Protocol):
    """What a row describes."""

    @property
    def id(self) -> str: ...


class OnListedRows(OnTable):
    """An adapter on rows that are listed."""

    def _create(self, item: Item, list_key: Key) -> None:
        """Put a row and the one that lists it; Conflict if there is one of them already.

        If the response is lost, a strongly consistent read decides.
        """
        expiry = {"ttl": item["ttl"]} if "ttl" in item else {}
        list_row = {**list_key, **schema.STAMP, "id": item["id"], **expiry}
        is_new = {"ConditionExpression": "attribute_not_exists(pk)"}
        self._rows.transact(
            [
                ("row", {"Put": {"TableName": self._rows.name, "Item": item, **is_new}}),
                ("listed", {"Put": {"TableName": self._rows.name, "Item": list_row, **is_new}}),
            ],
            settled=lambda: self._item({name: item[name] for name in ("pk", "sk")}) == item,
        )

    def _page[S: Subject](
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str | None,
        limit: int,
        row_key: Callable[[str], Key],
        read: Callable[[Item], S],
        newest_first: bool = False,
    ) -> tuple[Sequence[S], str | None]:
        """The subjects on a page of a list, without unreadable ones; and where to go on, None at the end."""
        start = {"ExclusiveStartKey": key(partition, after)} if after is not None else {}
        answer = self._rows.call(
            "query", **_list_query(partition, prefix), ScanIndexForward=not newest_first, Limit=limit, **start
        )
        ids = [item["id"]["S"] for item in answer["Items"]]
        rows = self._rows.get_many(list(map(row_key, ids)))
        by_id = {subject.id: subject for subject in schema.readable(rows, read)}
        last = answer.get("LastEvaluatedKey")
        return [by_id[each] for each in ids if each in by_id], last["sk"]["S"] if last else None

    def _counts(
        self, partition: str, *, prefix: str = "", at: datetime, retention: timedelta
    ) -> tuple[int, int]:
        """How many of a list are in force, and how many it has; `retention` is how long rows stay after the end.

        Reads list rows alone: about 50 of them for one read unit.
        """
        request = _list_query(partition, prefix)
        request["ExpressionAttributeValues"][":end"] = {"N": str(int((at + retention).timestamp()))}
        in_force, total, start = 0, 0, dict[str, Any]()
        while True:
            answer = self._rows.call(
                "query",
                **request,
                Select="COUNT",
                FilterExpression="attribute_not_exists(#ttl) OR #ttl > :end",
                ExpressionAttributeNames={"#ttl": "ttl"},
                **start,
            )
            in_force, total = in_force + answer["Count"], total + answer["ScannedCount"]
            if "LastEvaluatedKey" not in answer:
                return in_force, total
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _item(self, row: Key) -> Item | None:
        item: Item | None = self._rows.call("get_item", Key=row, ConsistentRead=True).get("Item")
        return item


def _list_query(partition: str, prefix: str) -> dict[str, Any]:
    """The Query of a list, or of the part whose sort keys begin with a prefix."""
    condition, values = "pk = :pk", {":pk": {"S": partition}}
    if prefix:
        condition += " AND begins_with(sk, :prefix)"
        values[":prefix"] = {"S": prefix}
    return {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }
