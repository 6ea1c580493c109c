"""The event log in the table; `domain/events/log` says how writers and readers keep it without gaps.

An event has one row for its owner and one among those of all owners, each of one write unit.
"""

import heapq
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from image_store.adapters.dynamodb import event_keys, schema
from image_store.adapters.dynamodb.items import Item, as_json, parse_time, text_time
from image_store.adapters.dynamodb.table import DynamoTable, OnTable, unavailable
from image_store.domain.events.event import EVENT_RETENTION, Event, EventType
from image_store.domain.events.log import LoggedEvent, LogPage, place_of, was_in_time
from image_store.ports.events import EventLog

_EVENTS_PER_WRITE = 12
"""BatchWriteItem takes 25 rows."""
_TRIES = 5
_STEP = timedelta(microseconds=1)


class DynamoEventLog(OnTable, EventLog):
    """EventLog in the one table."""

    def __init__(self, table: DynamoTable, *, now: Callable[[], datetime]) -> None:
        super().__init__(table)
        self._now = now

    def append(self, events: Sequence[Event]) -> None:
        for batch in batched(events, _EVENTS_PER_WRITE, strict=False):
            left: Sequence[Event] = batch
            for _ in range(_TRIES):
                if not left:
                    break
                left = self._write(left)
            if left:
                raise unavailable()

    def _write(self, events: Sequence[Event]) -> Sequence[Event]:
        """Write events once; returns those that have to be written again, at a later place."""
        started_at = self._now()
        rows: list[Item] = []
        for number, event in enumerate(events):
            rows += _rows_of(event, place_of(event.id, started_at + number * _STEP))
        unwritten = {_event_id(row) for row in self._rows.put_many(rows)}
        if not was_in_time(started_at, self._now()):
            return events
        return [event for event in events if event.id in unwritten]

    def read(self, owner: str | None, *, after: str, limit: int) -> LogPage:
        partitions = event_keys.all_logs() if owner is None else (event_keys.log_of_owner(owner),)
        answers = [self._query(partition, after, limit) for partition in partitions]
        items = list(heapq.merge(*(answer["Items"] for answer in answers), key=lambda row: row["sk"]["S"]))
        page = items[:limit]
        is_end = len(items) <= limit and not any("LastEvaluatedKey" in answer for answer in answers)
        resume_after = None if is_end else page[-1]["sk"]["S"]
        return LogPage(tuple(schema.readable(page, _logged)), resume_after)

    def _query(self, partition: str, after: str, limit: int) -> dict[str, Any]:
        return self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues={":pk": {"S": partition}, ":after": {"S": after}},
            ConsistentRead=True,
            Limit=limit,
        )


def _rows_of(event: Event, place: str) -> list[Item]:
    partitions = [event_keys.log_of_all(event.id)]
    if event.owner is not None:
        partitions.append(event_keys.log_of_owner(event.owner))
    body = {"created": text_time(event.created_at), "owner": event.owner, "data": event.data}
    row: Item = {
        **schema.STAMP,
        "type": {"S": event.type.value},
        "event": {"S": as_json(body)},
        "ttl": {"N": str(int((event.created_at + EVENT_RETENTION).timestamp()))},
    }
    return [{**event_keys.logged(partition, place), **row} for partition in partitions]


def _event_id(row: Item) -> str:
    return str(row["sk"]["S"]).partition("#")[2]


@schema.reading
def _logged(row: Item) -> LoggedEvent:
    schema.version_of(row)
    body = json.loads(row["event"]["S"])
    event = Event(
        id=_event_id(row),
        type=EventType(row["type"]["S"]),
        created_at=parse_time(body["created"]),
        owner=body["owner"],
        data=body["data"],
    )
    return LoggedEvent(row["sk"]["S"], event)
