"""Deliveries as rows of the table: one for each event of a webhook, and one that lists it while it is pending."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import batched
from typing import Any

from image_store.adapters.dynamodb import schema
from image_store.adapters.dynamodb import webhook_keys as keys
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.adapters.dynamodb.keys import Key, key
from image_store.adapters.dynamodb.table import NamedWrite, OnTable, unavailable
from image_store.domain.deadlines import latest_deadline
from image_store.domain.events.event import Event, EventType
from image_store.domain.webhooks.deliveries import (
    DELIVERY_RETENTION,
    LONGEST_WAIT,
    Attempt,
    DeliveryChange,
    DeliveryStatus,
    EventDelivery,
)
from image_store.ports.webhooks import Deliveries

_BATCH_ROWS = 25
"""BatchWriteItem takes no more."""
_TRIES = 5
_BOUND = ":bound"
_EXAMINED = 200
"""Rows that one page with a status examines."""


class DynamoDeliveries(OnTable, Deliveries):
    """Deliveries in the one table."""

    def get(self, webhook_id: str, event_id: str) -> EventDelivery | None:
        row = keys.delivery(webhook_id, event_id)
        item = self._rows.call("get_item", Key=row, ConsistentRead=True).get("Item")
        return delivery_of(item) if item is not None else None

    def save(self, changes: Sequence[DeliveryChange]) -> None:
        settled = [_item_of(each.after) for each in changes if not _due_rows(each)]
        for batch in batched(settled, _BATCH_ROWS, strict=False):
            left: Sequence[Item] = batch
            for _ in range(_TRIES):
                left = self._rows.put_many(left)
                if not left:
                    break
            else:
                raise unavailable()
        for change in changes:
            if writes := _due_rows(change):
                put = {"Put": {"TableName": self._rows.name, "Item": _item_of(change.after)}}
                # Writing the same rows again is harmless, so a lost response needs no read.
                self._rows.transact(
                    [("delivery", put), *((name, _named(self._rows.name, write)) for name, write in writes)],
                    settled=lambda: False,
                )

    def page(
        self, webhook_id: str, *, status: DeliveryStatus | None, after: str | None, limit: int
    ) -> tuple[Sequence[EventDelivery], str | None]:
        partition = keys.deliveries(webhook_id)
        start = {"ExclusiveStartKey": key(partition, after)} if after is not None else {}
        values: Item = {":pk": {"S": partition}}
        only: dict[str, Any] = {}
        if status is not None:
            only = {
                "FilterExpression": "#status = :status",
                "ExpressionAttributeNames": {"#status": "status"},
            }
            values[":status"] = {"S": status.value}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit if status is None else max(limit, _EXAMINED),
            **only,
            **start,
        )
        items, last = answer["Items"], answer.get("LastEvaluatedKey")
        resume = last["sk"]["S"] if last else None
        if len(items) > limit:
            items = items[:limit]
            resume = items[-1]["sk"]["S"]
        return list(schema.readable(items, delivery_of)), resume

    def due(self, webhook_id: str, *, at: datetime, limit: int) -> Sequence[EventDelivery]:
        # The text of a time sorts before itself with a #, and that before itself with a $.
        rows = self._due_rows(webhook_id, f"sk < {_BOUND}", f"{text_time(at)}$", limit=limit)
        if len(rows) < limit:
            latest = text_time(latest_deadline(at, longest=LONGEST_WAIT))
            rows += self._due_rows(webhook_id, f"sk > {_BOUND}", f"{latest}$", limit=limit - len(rows))
        due_at = {_event_id(row): row["sk"]["S"] for row in rows}
        items = self._rows.get_many([keys.delivery(webhook_id, event_id) for event_id in due_at])
        pending = {
            each.event.id: each
            for each in schema.readable(items, delivery_of)
            if (row := _due_row(each)) is not None and row["sk"]["S"] == due_at[each.event.id]
        }
        for event_id, place in due_at.items():
            # What lost a race, or expired, would be read again at each turn.
            if event_id not in pending:
                self._rows.call("delete_item", Key=key(keys.due_deliveries(webhook_id), place))
        return [pending[event_id] for event_id in due_at if event_id in pending]

    def next_due_at(self, webhook_id: str) -> datetime | None:
        rows = self._due_rows(webhook_id, f"sk > {_BOUND}", "0", limit=1)
        return parse_time(rows[0]["sk"]["S"].partition("#")[0]) if rows else None

    def _due_rows(self, webhook_id: str, condition: str, bound: str, *, limit: int) -> list[Item]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression=f"pk = :pk AND {condition}",
            ExpressionAttributeValues={
                ":pk": {"S": keys.due_deliveries(webhook_id)},
                _BOUND: {"S": bound},
            },
            ConsistentRead=True,
            Limit=limit,
        )
        rows: list[Item] = answer["Items"]
        return rows


def _due_row(delivery: EventDelivery | None) -> Key | None:
    """The row that lists a delivery; None unless it is pending."""
    if delivery is None or delivery.next_attempt_at is None:
        return None
    return keys.due_delivery(delivery.webhook_id, text_time(delivery.next_attempt_at), delivery.event.id)


def _due_rows(change: DeliveryChange) -> list[NamedWrite]:
    """The writes of a change to the list of pending deliveries, without the table's name."""
    before, after = _due_row(change.before), _due_row(change.after)
    writes: list[NamedWrite] = []
    if before is not None and before != after:
        writes.append(("before", {"Delete": {"Key": before}}))
    if after is not None:
        row = {**after, **schema.STAMP, "ttl": _expiry_of(change.after)}
        writes.append(("after", {"Put": {"Item": row}}))
    return writes


def _named(table: str, write: dict[str, Any]) -> dict[str, Any]:
    return {operation: {"TableName": table, **request} for operation, request in write.items()}


def _event_id(row: Item) -> str:
    return str(row["sk"]["S"]).partition("#")[2]


def _expiry_of(delivery: EventDelivery) -> dict[str, str]:
    attempt = delivery.last_attempt
    last = max(
        at
        for at in (
            delivery.tries_since,
            delivery.next_attempt_at,
            attempt.at if attempt is not None else None,
        )
        if at is not None
    )
    return {"N": str(int((last + DELIVERY_RETENTION).timestamp()))}


def _item_of(delivery: EventDelivery) -> Item:
    attempt, due_at, event = delivery.last_attempt, delivery.next_attempt_at, delivery.event
    body = {
        "created": text_time(delivery.created_at),
        "attempts": delivery.attempts,
        "tries": delivery.tries,
        "since": text_time(delivery.tries_since),
        "next": text_time(due_at) if due_at is not None else None,
        "last": asdict(attempt) | {"at": text_time(attempt.at)} if attempt is not None else None,
        "event": {
            "type": event.type.value,
            "created": text_time(event.created_at),
            "owner": event.owner,
            "data": event.data,
        },
    }
    return {
        **keys.delivery(delivery.webhook_id, event.id),
        **schema.STAMP,
        "webhook": {"S": delivery.webhook_id},
        "status": {"S": delivery.status.value},
        "delivery": {"S": as_json(body)},
        "ttl": _expiry_of(delivery),
    }


@schema.reading
def delivery_of(item: Item) -> EventDelivery:
    """The delivery in an item."""
    schema.version_of(item)
    body = json.loads(item["delivery"]["S"])
    last, event = body["last"], body["event"]
    return EventDelivery(
        webhook_id=item["webhook"]["S"],
        event=Event(
            id=item["sk"]["S"],
            type=EventType(event["type"]),
            created_at=parse_time(event["created"]),
            owner=event["owner"],
            data=event["data"],
        ),
        created_at=parse_time(body["created"]),
        status=DeliveryStatus(item["status"]["S"]),
        attempts=body["attempts"],
        tries=body["tries"],
        tries_since=parse_time(body["since"]),
        next_attempt_at=parse_time(body["next"]) if body["next"] is not None else None,
        last_attempt=Attempt(**last | {"at": parse_time(last["at"])}) if last is not None else None,
    )
