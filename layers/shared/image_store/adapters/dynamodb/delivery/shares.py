"""Shares as rows of the table: one row for each share, and one that lists it under its owner."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, signature_of, text_time
from image_store.adapters.dynamodb.keys import key
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.delivery.shares import Share
from image_store.ports.delivery import Shares

KEPT_AFTER_END = timedelta(days=7)
"""A share that has expired is listed for as long."""


class DynamoShares(OnTable, Shares):
    """Shares in the one table.

    `actor` returns the actor of a change. Every change is signed with it, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    def create(self, share: Share) -> None:
        item = _item_of(share) | signature_of(self._actor())
        list_row = {
            **keys.listed_share(share.owner, text_time(share.created_at), share.id),
            **schema.STAMP,
            "id": {"S": share.id},
            "ttl": item["ttl"],
        }
        is_new = {"ConditionExpression": "attribute_not_exists(pk)"}
        self._rows.transact(
            [
                ("share", {"Put": {"TableName": self._rows.name, "Item": item, **is_new}}),
                ("listed", {"Put": {"TableName": self._rows.name, "Item": list_row, **is_new}}),
            ],
            settled=lambda: self._item(share.id) == item,
        )

    def get(self, share_id: str) -> Share | None:
        item = self._item(share_id)
        return share_of(item) if item is not None else None

    def page(self, owner: str, *, after: str | None, limit: int) -> tuple[Sequence[Share], str | None]:
        start = {"ExclusiveStartKey": key(keys.shares(owner), after)} if after is not None else {}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.shares(owner)}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        ids = [item["id"]["S"] for item in answer["Items"]]
        rows = self._rows.get_many(list(map(keys.share, ids)))
        by_id = {share.id: share for share in schema.readable(rows, share_of)}
        last = answer.get("LastEvaluatedKey")
        return [by_id[share_id] for share_id in ids if share_id in by_id], last["sk"]["S"] if last else None

    def revoke(self, share: Share, *, at: datetime) -> None:
        self._rows.conditional(
            "update_item",
            Key=keys.share(share.id),
            UpdateExpression="SET revoked_at = :at, #by = :by",
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(revoked_at)",
            ExpressionAttributeNames={"#by": "by"},
            ExpressionAttributeValues={":at": {"S": text_time(at)}, ":by": signature_of(self._actor())["by"]},
        )

    def _item(self, share_id: str) -> Item | None:
        answer = self._rows.call("get_item", Key=keys.share(share_id), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item


def _item_of(share: Share) -> Item:
    body: dict[str, Any] = asdict(share)
    del body["id"], body["revoked_at"]
    body |= {name: text_time(body[name]) for name in ("created_at", "expires_at")}
    body["presets"] = sorted(share.presets)
    return {
        **keys.share(share.id),
        **schema.STAMP,
        "id": {"S": share.id},
        "share": {"S": as_json({name: value for name, value in body.items() if value is not None})},
        "ttl": {"N": str(int((share.expires_at + KEPT_AFTER_END).timestamp()))},
    }


@schema.reading
def share_of(item: Item) -> Share:
    """The share in an item."""
    schema.version_of(item)
    body = json.loads(item["share"]["S"])
    body |= {name: parse_time(body[name]) for name in ("created_at", "expires_at")}
    return Share(
        id=item["id"]["S"],
        revoked_at=parse_time(item["revoked_at"]["S"]) if "revoked_at" in item else None,
        **body | {"presets": frozenset(body["presets"])},
    )
