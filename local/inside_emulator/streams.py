"""Deliver every change of a table's stream: MiniStack drops failed changes, and all undelivered ones at a stop."""

from __future__ import annotations

import importlib
import json
import re
import time
from contextvars import ContextVar
from typing import Any

KEPT = "undelivered_changes"
_TABLE = re.compile(r":table/([^/]+)/stream/")


def repeat_failed_changes() -> None:
    """Deliver a batch again if a function reports failures in it, as AWS does; MiniStack counts it as delivered.

    AWS repeats a batch from the first failure on, and MiniStack the whole batch after a pause: a function may get a
    change twice.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    poll, execute = functions._poll_dynamodb_streams, functions._execute_function
    is_polling = ContextVar("is_polling", default=False)

    def poll_streams() -> Any:
        token = is_polling.set(True)
        try:
            return poll()
        finally:
            is_polling.reset(token)

    def execute_for_stream(*arguments: Any, **options: Any) -> Any:
        result = execute(*arguments, **options)
        if not is_polling.get() or result.get("error"):
            return result
        failures = failures_in(result.get("body"))
        if not failures:
            return result
        message = f"{len(failures)} changes are delivered again"
        return {**result, "error": True, "body": {"errorType": "BatchItemFailures", "errorMessage": message}}

    functions._poll_dynamodb_streams = poll_streams
    functions._execute_function = execute_for_stream


def failures_in(body: Any) -> list[Any]:
    """Return the failures that a function reports for a batch."""
    if isinstance(body, str | bytes):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    return failures if isinstance(failures, list) else []


def keep_undelivered_changes() -> None:
    """Save undelivered changes with their table, and deliver them after the next start.

    Otherwise search and statistics would miss an image that was stored just before a stop. A function may get a change
    twice, as in AWS.
    """
    tables: Any = importlib.import_module("ministack.services.dynamodb")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    state_of, restore, is_too_old = tables.get_state, tables.load_persisted_state, tables._record_age_cutoff
    restored_at: dict[str, float] = {}

    def state_with_changes() -> dict[str, Any]:
        # Positions are read first and changes last: if a function writes while the rows are copied, the copy may miss
        # it, and then the change must be delivered again.
        positions = positions_of(tables, functions)
        state = state_of()
        return {**state, KEPT: undelivered_changes(tables, positions)}

    def restore_with_changes(state: dict[str, Any]) -> None:
        restore(state)
        changes = state.get(KEPT) or {}
        tables._stream_records.update(changes)
        for records in tables._stream_records.all_values():
            restored_at.update(dict.fromkeys((record["eventID"] for record in records), time.time()))

    def is_too_old_here(record: dict[str, Any], cutoff: float) -> bool:
        # A stream keeps a change for a day, not counting the time in which the stack was down.
        restored: float = restored_at.get(record["eventID"], cutoff)
        return restored <= cutoff and bool(is_too_old(record, cutoff))

    tables.get_state = state_with_changes
    tables.load_persisted_state = restore_with_changes
    tables._record_age_cutoff = is_too_old_here


def positions_of(tables: Any, functions: Any) -> dict[tuple[str, str, str], int]:
    """Return, for each table that functions read, the position up to which all of them got its changes."""
    positions: dict[tuple[str, str, str], int] = {}
    for account, region, mapping in functions._iter_all_esms():
        source = _TABLE.search(mapping["EventSourceArn"])
        if source is None:
            continue
        trimmed = tables._stream_trimmed.get_scoped(account, region, source[1], 0)
        position = functions._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"], trimmed)
        at = (account, region, source[1])
        positions[at] = min(position, positions.get(at, position))
    return positions


def undelivered_changes(tables: Any, positions: dict[tuple[str, str, str], int]) -> Any:
    """Return the changes of each stream from its position onward."""
    changes = type(tables._stream_records)()
    for (account, region, table), position in positions.items():
        records = tables._stream_records.get_scoped(account, region, table, [])
        trimmed = tables._stream_trimmed.get_scoped(account, region, table, 0)
        if pending := records[max(0, position - trimmed) :]:
            changes.set_scoped(account, region, table, pending)
    return changes
