"""Changes of records, as the table's stream tells of them."""

from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import keys, records
from image_store.domain.audit import Change


def change_of(told: dict[str, Any]) -> Change | None:
    """The change that a record of the stream tells of; None when it is one of other rows than an image's record."""
    stream = told["dynamodb"]
    row = stream["Keys"]
    if row["sk"]["S"] != keys.META or not row["pk"]["S"].startswith(keys.IMAGE_PREFIX):
        return None
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return Change(
        event_id=told["eventID"],
        at=datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        before=records.image_of(before) if before else None,
        after=records.image_of(after) if after else None,
        actor=records.actor_of(after) if after else None,
    )
