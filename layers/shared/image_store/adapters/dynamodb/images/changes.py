"""Reads changes of image records from records of the table's stream."""

from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.images import records
from image_store.domain.operations.audit import AuditEntry


def changed_image(stream_record: dict[str, Any]) -> str | None:
    """The id of the image that a stream record is about; None for a stream record about another kind of row."""
    return keys.image_of_record(stream_record["dynamodb"]["Keys"])


def change_of(stream_record: dict[str, Any]) -> AuditEntry | None:
    """The change in a stream record, as an audit entry; None for a stream record about another kind of row."""
    stream = stream_record["dynamodb"]
    if keys.image_of_record(stream["Keys"]) is None:
        return None
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return AuditEntry(
        event_id=stream_record["eventID"],
        at=datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        before=records.record_of(before) if before else None,
        after=records.record_of(after) if after else None,
        actor=records.actor_of(after) if after else None,
    )
