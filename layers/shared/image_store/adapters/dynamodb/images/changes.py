"""Changes of records, as the table's stream tells of them."""

from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.images import records
from image_store.domain.operations.audit import AuditEntry


def changed_image(told: dict[str, Any]) -> str | None:
    """The image whose record a record of the stream tells of; None when it tells of another row."""
    return keys.image_of_record(told["dynamodb"]["Keys"])


def change_of(told: dict[str, Any]) -> AuditEntry | None:
    """The change that a record of the stream tells of; None when it is one of other rows than an image's record."""
    stream = told["dynamodb"]
    if keys.image_of_record(stream["Keys"]) is None:
        return None
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return AuditEntry(
        event_id=told["eventID"],
        at=datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        before=records.record_of(before) if before else None,
        after=records.record_of(after) if after else None,
        actor=records.actor_of(after) if after else None,
    )
