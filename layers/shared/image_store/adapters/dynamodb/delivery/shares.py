"""Shares as rows of the table: one row for each share, and one that lists it under its owner."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, signature_of, text_time
from image_store.adapters.dynamodb.keys import Key
from image_store.adapters.dynamodb.listed_rows import OnListedRows
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.delivery.shares import Share
from image_store.domain.errors import Conflict
from image_store.ports.delivery import Shares

KEPT_AFTER_END = timedelta(days=7)
"""A share that was revoked or has expired is listed for as long."""


class DynamoShares(OnListedRows, Shares):
    """Shares in the one table.

    `actor` returns the actor of a change. Every change is signed with it, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    def create(self, share: Share) -> None:
        self._create(_item_of(share) | signature_of(self._actor()), _list_key_of(share))

    def get(self, share_id: str) -> Share | None:
        item = self._item(keys.share(share_id))
        return share_of(item) if item is not None else None

    def page(self, owner: str, *, after: str | None, limit: int) -> tuple[Sequence[Share], str | None]:
        return self._page(
            keys.shares(owner), after=after, limit=limit, row_key=keys.share, read=share_of, newest_first=True
        )

    def count(self, owner: str, *, at: datetime) -> int:
        return self._counts(keys.shares(owner), at=at, retention=KEPT_AFTER_END)[0]

    def revoke(self, share: Share, *, at: datetime) -> None:
        expiry = _expiry_of(min(at, share.expires_at))
        update = {
            "TableName": self._rows.name,
            "Key": keys.share(share.id),
            "UpdateExpression": "SET revoked_at = :at, #by = :by, #ttl = :ttl",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(revoked_at)",
            "ExpressionAttributeNames": {"#ttl": "ttl", "#by": "by"},
            "ExpressionAttributeValues": {
                ":at": {"S": text_time(at)},
                ":by": signature_of(self._actor())["by"],
                ":ttl": expiry,
            },
        }
        list_update = {
            "TableName": self._rows.name,
            "Key": _list_key_of(share),
            "UpdateExpression": "SET #ttl = :ttl",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {":ttl": expiry},
        }
        try:
            self._rows.transact(
                [("share", {"Update": update}), ("listed", {"Update": list_update})], settled=lambda: False
            )
        except Conflict:
            return  # it is revoked already, or gone

    def record_use(self, share_id: str, *, at: datetime) -> None:
        self._rows.conditional(
            "update_item",
            Key=keys.share(share_id),
            UpdateExpression="SET used_at = :at",
            ConditionExpression="attribute_exists(pk) AND (attribute_not_exists(used_at) OR used_at < :at)",
            ExpressionAttributeValues={":at": {"S": text_time(at)}},
        )


def _list_key_of(share: Share) -> Key:
    return keys.listed_share(share.owner, text_time(share.created_at), share.id)


def _expiry_of(ends_at: datetime) -> dict[str, str]:
    return {"N": str(int((ends_at + KEPT_AFTER_END).timestamp()))}


def _item_of(share: Share) -> Item:
    body: dict[str, Any] = asdict(share)
    del body["id"], body["revoked_at"], body["last_used_at"]
    body |= {name: text_time(body[name]) for name in ("created_at", "expires_at")}
    body["presets"] = sorted(share.presets)
    return {
        **keys.share(share.id),
        **schema.STAMP,
        "id": {"S": share.id},
        "share": {"S": as_json({name: value for name, value in body.items() if value is not None})},
        "ttl": _expiry_of(share.expires_at),
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
        last_used_at=parse_time(item["used_at"]["S"]) if "used_at" in item else None,
        **body | {"presets": frozenset(body["presets"])},
    )
