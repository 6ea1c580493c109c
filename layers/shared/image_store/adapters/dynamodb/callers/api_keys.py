"""API keys as rows of the table: one row for each key, and one that lists it under its owner."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, signature_of, text_time
from image_store.adapters.dynamodb.keys import Key
from image_store.adapters.dynamodb.listed_rows import OnListedRows
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.callers.api_keys import ApiKey
from image_store.domain.callers.key_limits import KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.ports.callers import ApiKeys

KEPT_AFTER_END = timedelta(days=90)
"""A key that was revoked or has expired is listed for as long."""

_TIMES = ("created_at", "expires_at", "revoked_at", "previous_until")


class DynamoApiKeys(OnListedRows, ApiKeys):
    """API keys in the one table.

    `actor` returns the actor of a change. Every change is signed with it, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    def create(self, key: ApiKey) -> None:
        self._create(_item_of(key) | signature_of(self._actor()), keys.listed_api_key(key.owner, key.id))

    def get(self, key_id: str) -> ApiKey | None:
        item = self._item(keys.api_key(key_id))
        return key_of(item) if item is not None else None

    def save(self, after: ApiKey) -> None:
        self._rows.transact(
            [
                (
                    "key",
                    self._update(
                        keys.api_key(after.id),
                        {
                            "key": {"S": _text_of(after)},
                            "version": {"N": str(after.version)},
                            **signature_of(self._actor()),
                            **_expiry_of(after),
                        },
                        condition="#version = :before",
                        values={":before": {"N": str(after.version - 1)}},
                    ),
                ),
                ("listed", self._update(keys.listed_api_key(after.owner, after.id), _expiry_of(after))),
            ],
            settled=lambda: self._is_saved(after),
        )

    def page(
        self, owner: str | None, *, after: str | None, limit: int
    ) -> tuple[Sequence[ApiKey], str | None]:
        prefix = keys.api_keys_of(owner) if owner is not None else ""
        return self._page(
            keys.API_KEYS, prefix=prefix, after=after, limit=limit, row_key=keys.api_key, read=key_of
        )

    def counts(self, owner: str, *, at: datetime) -> tuple[int, int]:
        return self._counts(keys.API_KEYS, prefix=keys.api_keys_of(owner), at=at, retention=KEPT_AFTER_END)

    def record_use(self, key_id: str, *, at: datetime) -> None:
        self._rows.conditional(
            "update_item",
            Key=keys.api_key(key_id),
            UpdateExpression="SET used_at = :at",
            ConditionExpression="attribute_exists(pk) AND (attribute_not_exists(used_at) OR used_at < :at)",
            ExpressionAttributeValues={":at": {"S": text_time(at)}},
        )

    def _update(
        self,
        row: Key,
        attributes: Item,
        *,
        condition: str = "attribute_exists(pk)",
        values: Item | None = None,
    ) -> dict[str, Any]:
        """An update that sets these attributes, and removes the expiry where there is none."""
        changes = [f"SET {', '.join(f'#{name} = :{name}' for name in attributes)}"] if attributes else []
        changes += ["REMOVE #ttl"] if "ttl" not in attributes else []
        update: dict[str, Any] = {
            "TableName": self._rows.name,
            "Key": row,
            "UpdateExpression": " ".join(changes),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": name for name in {*attributes, "ttl"}},
        }
        placed = {f":{name}": value for name, value in attributes.items()} | (values or {})
        return {"Update": update | ({"ExpressionAttributeValues": placed} if placed else {})}

    def _is_saved(self, after: ApiKey) -> bool:
        """Whether the key is as this change leaves it: botocore repeats a write whose response it lost."""
        current = self.get(after.id)
        return current is not None and replace(current, last_used_at=after.last_used_at) == after


def _item_of(key: ApiKey) -> Item:
    return {
        **keys.api_key(key.id),
        **schema.STAMP,
        "id": {"S": key.id},
        "version": {"N": str(key.version)},
        "key": {"S": _text_of(key)},
        **_expiry_of(key),
    }


def _expiry_of(key: ApiKey) -> Item:
    """When the rows of a key that is no longer in force go, if it is to end at all."""
    ends = [at for at in (key.revoked_at, key.expires_at) if at is not None]
    return {"ttl": {"N": str(int((min(ends) + KEPT_AFTER_END).timestamp()))}} if ends else {}


def _text_of(key: ApiKey) -> str:
    body: dict[str, Any] = asdict(key)
    del body["id"], body["version"], body["last_used_at"]
    body["scopes"] = sorted(key.scopes)
    body["limits"] = {name: limit for name, limit in asdict(key.limits).items() if limit is not None}
    body |= {name: text_time(body[name]) for name in _TIMES if body[name] is not None}
    return as_json({name: value for name, value in body.items() if value is not None})


@schema.reading
def key_of(item: Item) -> ApiKey:
    """The key in an item."""
    schema.version_of(item)
    body = json.loads(item["key"]["S"])
    body |= {name: parse_time(body[name]) for name in _TIMES if name in body}
    return ApiKey(
        id=item["id"]["S"],
        version=int(item["version"]["N"]),
        last_used_at=parse_time(item["used_at"]["S"]) if "used_at" in item else None,
        **body | {"scopes": frozenset(map(Scope, body["scopes"])), "limits": KeyLimits(**body["limits"])},
    )
