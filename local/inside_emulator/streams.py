"""Keep what a table's stream has not delivered: MiniStack forgets the records of streams when it stops."""

from __future__ import annotations

import importlib
import time
from typing import Any

KEPT = "undelivered_changes"


def keep_undelivered_changes() -> None:
    """Save the changes that a function has not taken yet with their table, and deliver them after the next start.

    Without it an image that was stored just before a stop is in no search and in no figure. A function may get a
    change twice, as in AWS.
    """
    tables: Any = importlib.import_module("ministack.services.dynamodb")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    state_of, restore, is_too_old = tables.get_state, tables.load_persisted_state, tables._record_age_cutoff
    restored_at: dict[str, float] = {}

    def state_with_changes() -> dict[str, Any]:
        return {**state_of(), KEPT: undelivered(tables, functions)}

    def restore_with_changes(state: dict[str, Any]) -> None:
        restore(state)
        changes = state.get(KEPT) or {}
        tables._stream_records.update(changes)
        for records in tables._stream_records.all_values():
            restored_at.update(dict.fromkeys((record["eventID"] for record in records), time.time()))

    def is_too_old_here(record: dict[str, Any], cutoff: float) -> bool:
        # A stream keeps a change for a day. Days in which the stack was down do not count.
        restored: float = restored_at.get(record["eventID"], cutoff)
        return restored <= cutoff and bool(is_too_old(record, cutoff))

    tables.get_state = state_with_changes
    tables.load_persisted_state = restore_with_changes
    tables._record_age_cutoff = is_too_old_here


def undelivered(tables: Any, functions: Any) -> Any:
    """Answer each stream's records from the first on that not every function has taken."""
    changes = type(tables._stream_records)()
    for (account, region, table), records in tables._stream_records.all_items():
        trimmed = tables._stream_trimmed.get_scoped(account, region, table, 0)
        positions = [
            functions._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"], trimmed)
            for owner, place, mapping in functions._iter_all_esms()
            if (owner, place) == (account, region) and f":table/{table}/stream/" in mapping["EventSourceArn"]
        ]
        if positions and (left := records[max(0, min(positions) - trimmed) :]):
            changes.set_scoped(account, region, table, left)
    return changes
