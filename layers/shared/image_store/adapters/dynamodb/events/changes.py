"""Reads events from records of the table's stream."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import generation_keys, keys, webhook_keys
from image_store.adapters.dynamodb.generation.job_items import item_of, job_of
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.upkeep.housekeeping import report_of
from image_store.domain.events.cleanup import cleanup_events
from image_store.domain.events.event import Event
from image_store.domain.events.generations import BudgetState, budget_events, item_events, job_events
from image_store.domain.events.images import image_events

_REPORTS = keys.cleanup_report("")["pk"]["S"]


def events_of(stream_record: dict[str, Any]) -> list[Event]:
    """The events of the change in a stream record, each time the same ones; UnreadableRow."""
    stream = stream_record["dynamodb"]
    at = datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC)
    before, after = stream.get("OldImage"), stream.get("NewImage")
    pk, sk = stream["Keys"]["pk"]["S"], stream["Keys"]["sk"]["S"]
    if keys.image_of_record(stream["Keys"]) is not None:
        return _image_events(before, after, at)
    if pk.startswith(generation_keys.JOB_PREFIX):
        if sk == generation_keys.JOB:
            return job_events(_read(job_of, before), _read(job_of, after), at=at)
        return item_events(_read(item_of, before), _read(item_of, after), at=at)
    if pk.startswith(generation_keys.BUDGET_PREFIX):
        return _budget_events(before, after, at)
    if pk.startswith(webhook_keys.WEBHOOK_PREFIX):
        return _webhook_events(before, after, at)
    if pk == _REPORTS and before is None and after is not None:
        return cleanup_events(report_of(after), at=at)
    return []


def _read[T](read: Callable[[Item], T], row: Item | None) -> T | None:
    return read(row) if row is not None else None


def _image_events(before: Item | None, after: Item | None, at: datetime) -> list[Event]:
    edited = after["edited"]["S"].split(",") if after is not None and "edited" in after else ()
    return image_events(
        _read(records.record_of, before), _read(records.record_of, after), edited=edited, at=at
    )


def _webhook_events(before: Item | None, after: Item | None, at: datetime) -> list[Event]:
    # Most deployments have no webhook, and no cold start of the stream's consumer should pay for them.
    from image_store.adapters.dynamodb.webhooks.registry import webhook_of
    from image_store.domain.events.webhooks import webhook_events

    return webhook_events(_read(webhook_of, before), _read(webhook_of, after), at=at)


def _budget_events(before: Item | None, after: Item | None, at: datetime) -> list[Event]:
    state = _read(_budget_of, after)
    return budget_events(_read(_budget_of, before), state, at=at) if state is not None else []


def _budget_of(row: Item) -> BudgetState:
    holder, owner, key_id, period = generation_keys.budget_of(row)
    return BudgetState(
        name=f"{row['pk']['S']}#{period}",
        holder=holder,
        owner=owner,
        key_id=key_id,
        period=period,
        committed_micros=int(row["committed"]["N"]),
        limit_micros=int(row["limit"]["N"]) if "limit" in row else 0,
    )
