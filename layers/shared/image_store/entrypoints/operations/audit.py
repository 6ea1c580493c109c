"""Writes the audit trail to the log: one line of JSON for each change of an image record or an API key.

A line has ids, states and numbers, and no text that a person wrote: no title, filename, tag, category, prompt or name
of a key, no URL, no token, no key and no digest of one. A change has at least one line; all lines of a change have the
same `event_id`.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from image_store.domain.operations.audit import AuditEntry, KeyAuditEntry
from image_store.domain.times import rfc3339
from image_store.entrypoints.operations.observability import logger


def line_of(change: AuditEntry | KeyAuditEntry) -> dict[str, Any]:
    """Make the line of a change."""
    if isinstance(change, KeyAuditEntry):
        return _line_of_key(change)
    image = change.image
    return {
        "audit": list(change.actions),
        "time": rfc3339(change.at),
        "image_id": image.id,
        "owner": image.owner,
        "by": change.actor.name if change.actor else None,
        "request_id": change.actor.request_id if change.actor else None,
        "state": image.state.value if change.after else None,
        "visibility": image.visibility.value,
        "kind": image.kind.value,
        "version": image.version,
        "size_bytes": image.size_bytes,
        "event_id": change.event_id,
    }


def _line_of_key(change: KeyAuditEntry) -> dict[str, Any]:
    key = change.key
    return {
        "audit": list(change.actions),
        "time": rfc3339(change.at),
        "key_id": key.id,
        "owner": key.owner,
        "by": change.actor.name if change.actor else None,
        "request_id": change.actor.request_id if change.actor else None,
        "scopes": sorted(key.scopes),
        "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
        "version": key.version,
        "event_id": change.event_id,
    }


def handle_trail(
    event: dict[str, Any], *, read: Callable[[dict[str, Any]], AuditEntry | KeyAuditEntry | None]
) -> dict[str, Any]:
    """Write a line for each change of a batch, at every log level, and report where to retry from.

    A change that cannot be read stops the batch, so that the lines of an image keep the order of its changes.
    """
    for row in event["Records"]:
        try:
            change = read(row)
            if change is not None and change.actions:
                sys.stdout.write(f"{json.dumps(line_of(change))}\n")
        except Exception as error:
            # The text of the error may quote the row.
            logger.error("audit line not written", event_id=row["eventID"], reason=type(error).__name__)
            return {"batchItemFailures": [{"itemIdentifier": row["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
