"""Webhooks as rows of the table: one row for each webhook, and directory rows that name them.

The directory has a row for each owner, and one for the webhooks that are told about all owners. A directory row has an
attribute for each of its webhooks, with what must be known to decide whether an event concerns it. So whoever records
events learns from two small rows which webhooks to wake, and the number of an owner's webhooks has an exact limit.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb import webhook_keys as keys
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, signature_of, text_time
from image_store.adapters.dynamodb.keys import Key, key
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite, OnTable, refused
from image_store.domain.callers.actor import UNNAMED, Actor
from image_store.domain.errors import TooManyWebhooks
from image_store.domain.events.event import EventType
from image_store.domain.webhooks.webhook import (
    MAX_WEBHOOKS,
    DisabledReason,
    Subscription,
    Webhook,
    WebhookScope,
)
from image_store.ports.webhooks import Webhooks

KEPT_AFTER_DELETION = timedelta(days=1)
"""The row of a deleted webhook stays for as long without its secrets, so that audit trail and backup see the end."""

_TIMES = ("created_at", "updated_at", "active_since", "previous_until", "deleted_at")
_ENTRY = "w_"
"""Begins the names of the attributes of a directory row that are about one webhook each."""


class DynamoWebhooks(OnTable, Webhooks):
    """Webhooks in the one table.

    `actor` returns the actor of a change. Every change is signed with it, for the audit trail.
    """

    def __init__(self, table: DynamoTable, *, actor: Callable[[], Actor] = lambda: UNNAMED) -> None:
        super().__init__(table)
        self._actor = actor

    def create(self, webhook: Webhook) -> None:
        self.put_new(webhook_item(webhook) | signature_of(self._actor()), webhook, limit=MAX_WEBHOOKS)

    def put_new(self, item: Item, webhook: Webhook, *, limit: int | None) -> None:
        """Put the row of a webhook that is not there, and name it in the directory.

        Conflict if it is there; TooManyWebhooks if its owner has `limit` webhooks (None for no limit).
        """
        entry = f"{_ENTRY}{webhook.id}"
        condition, most = "attribute_not_exists(#entry)", {}
        if limit is not None:
            condition += " AND (attribute_not_exists(#count) OR #count < :most)"
            most = {":most": {"N": str(limit)}}
        is_new = {"ConditionExpression": "attribute_not_exists(pk)"}
        writes: list[NamedWrite] = [
            ("webhook", {"Put": {"TableName": self._rows.name, "Item": item, **is_new}})
        ]
        for name, row in _entries(webhook):
            is_owners = name == "owner"
            update = {
                "TableName": self._rows.name,
                "Key": row,
                "UpdateExpression": "SET #entry = :entry ADD #count :one",
                "ConditionExpression": condition if is_owners else "attribute_not_exists(#entry)",
                "ExpressionAttributeNames": {"#entry": entry, "#count": "count"},
                "ExpressionAttributeValues": {
                    ":entry": {"S": _entry_text(webhook.subscription)},
                    ":one": {"N": "1"},
                    **(most if is_owners else {}),
                },
            }
            writes.append((name, {"Update": update}))
        self._rows.transact(
            writes,
            settled=lambda: self._item(keys.webhook(webhook.id)) == item,
            refusal=lambda failed: TooManyWebhooks() if failed == {"owner"} else refused(),
        )

    def get(self, webhook_id: str) -> Webhook | None:
        item = self._item(keys.webhook(webhook_id))
        webhook = webhook_of(item) if item is not None else None
        return None if webhook is None or webhook.deleted_at is not None else webhook

    def of_owner(self, owner: str) -> Sequence[Webhook]:
        entry = self._item(keys.owner_entry(owner))
        if entry is None:
            return []
        ids = [name.removeprefix(_ENTRY) for name in entry if name.startswith(_ENTRY)]
        rows = self._rows.get_many([keys.webhook(each) for each in ids])
        webhooks = [each for each in schema.readable(rows, webhook_of) if each.deleted_at is None]
        return sorted(webhooks, key=lambda webhook: (webhook.created_at, webhook.id), reverse=True)

    def save(self, after: Webhook) -> None:
        entry = f"{_ENTRY}{after.id}"
        updates: list[NamedWrite] = [
            (
                name,
                {
                    "Update": {
                        "TableName": self._rows.name,
                        "Key": row,
                        "UpdateExpression": "SET #entry = :entry",
                        "ConditionExpression": "attribute_exists(#entry)",
                        "ExpressionAttributeNames": {"#entry": entry},
                        "ExpressionAttributeValues": {":entry": {"S": _entry_text(after.subscription)}},
                    }
                },
            )
            for name, row in _entries(after)
        ]
        self._change(after, updates)

    def remove(self, webhook: Webhook, *, at: datetime) -> None:
        entry = f"{_ENTRY}{webhook.id}"
        after = replace(
            webhook,
            version=webhook.version + 1,
            updated_at=at,
            deleted_at=at,
            sealed_secret="",
            previous_sealed_secret=None,
            previous_until=None,
        )
        updates: list[NamedWrite] = [
            (
                name,
                {
                    "Update": {
                        "TableName": self._rows.name,
                        "Key": row,
                        "UpdateExpression": "REMOVE #entry ADD #count :less",
                        "ConditionExpression": "attribute_exists(#entry)",
                        "ExpressionAttributeNames": {"#entry": entry, "#count": "count"},
                        "ExpressionAttributeValues": {":less": {"N": "-1"}},
                    }
                },
            )
            for name, row in _entries(webhook)
        ]
        self._change(after, updates)

    def subscriptions(self, owners: Collection[str]) -> Sequence[Subscription]:
        rows = self._rows.get_many([keys.ALL_ENTRY, *map(keys.owner_entry, owners)], consistent=False)
        return [each for row in rows for each in _subscriptions_of(row)]

    def directory(self, *, after: str | None, limit: int) -> tuple[Sequence[Subscription], str | None]:
        start = {"ExclusiveStartKey": key(keys.DIRECTORY, after)} if after is not None else {}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.DIRECTORY}},
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        subscriptions = [each for row in answer["Items"] for each in _subscriptions_of(row)]
        return subscriptions, last["sk"]["S"] if last else None

    def _change(self, after: Webhook, updates: list[NamedWrite]) -> None:
        item = webhook_item(after) | signature_of(self._actor())
        put = {
            "TableName": self._rows.name,
            "Item": item,
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":before": {"N": str(after.version - 1)}},
        }
        self._rows.transact(
            [("webhook", {"Put": put}), *updates],
            settled=lambda: self._item(keys.webhook(after.id)) == item,
        )

    def _item(self, row: Key) -> Item | None:
        item: Item | None = self._rows.call("get_item", Key=row, ConsistentRead=True).get("Item")
        return item


def _entries(webhook: Webhook) -> Iterator[tuple[str, Key]]:
    """The rows of the directory that name a webhook."""
    yield "owner", keys.owner_entry(webhook.owner)
    if webhook.scope is WebhookScope.ALL:
        yield "all", keys.ALL_ENTRY


def _entry_text(subscription: Subscription) -> str:
    return as_json(
        {
            "owner": subscription.owner,
            "scope": subscription.scope.value,
            "types": _type_names(subscription.types),
            "enabled": subscription.is_enabled,
        }
    )


def _subscriptions_of(row: Item) -> Iterator[Subscription]:
    """The enabled webhooks that a row of the directory is about: one of scope all is in the row of all alone.

    An entry that cannot be read is left out: whoever records events must not stop at it.
    """
    is_of_all = row["sk"] == keys.ALL_ENTRY["sk"]
    names = [name for name in row if name.startswith(_ENTRY)]
    entries = [{"pk": row["pk"], "sk": row["sk"], "name": {"S": name}, "entry": row[name]} for name in names]
    for subscription in schema.readable(entries, _subscription_of):
        if subscription.is_enabled and (subscription.scope is WebhookScope.ALL) == is_of_all:
            yield subscription


@schema.reading
def _subscription_of(entry: Item) -> Subscription:
    body = json.loads(entry["entry"]["S"])
    return Subscription(
        webhook_id=entry["name"]["S"].removeprefix(_ENTRY),
        owner=body["owner"],
        scope=WebhookScope(body["scope"]),
        types=_types(body["types"]),
        is_enabled=body["enabled"],
    )


def _type_names(types: frozenset[EventType] | None) -> list[str] | None:
    return None if types is None else sorted(types)


def _types(names: list[str] | None) -> frozenset[EventType] | None:
    return None if names is None else frozenset(map(EventType, names))


def webhook_item(webhook: Webhook) -> Item:
    """The row of a webhook, without the signature of its change."""
    body: dict[str, Any] = asdict(webhook)
    del body["id"], body["version"]
    body |= {name: text_time(body[name]) for name in _TIMES if body[name] is not None}
    body["types"] = _type_names(webhook.types)
    expiry = {}
    if webhook.deleted_at is not None:
        expiry["ttl"] = {"N": str(int((webhook.deleted_at + KEPT_AFTER_DELETION).timestamp()))}
    return {
        **keys.webhook(webhook.id),
        **schema.STAMP,
        "id": {"S": webhook.id},
        "version": {"N": str(webhook.version)},
        "webhook": {"S": as_json({name: value for name, value in body.items() if value is not None})},
        **expiry,
    }


@schema.reading
def webhook_of(item: Item) -> Webhook:
    """The webhook in an item, also one that was deleted."""
    schema.version_of(item)
    body = json.loads(item["webhook"]["S"])
    body |= {name: parse_time(body[name]) for name in _TIMES if name in body}
    values: dict[str, Any] = {"scope": WebhookScope(body["scope"]), "types": _types(body.get("types"))}
    if "disabled_reason" in body:
        values["disabled_reason"] = DisabledReason(body["disabled_reason"])
    return Webhook(id=item["id"]["S"], version=int(item["version"]["N"]), **body | values)
