"""The events of a change of an image record."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.times import rfc3339

_NAMED_FIELDS = ("visibility", "category", "expires_at")
"""Fields of the record that an owner can change."""


def image_events(
    before: ImageRecord | None, after: ImageRecord | None, *, edited: Sequence[str], at: datetime
) -> list[Event]:
    """The events of a write of a record; `edited` names the details that it changed.

    `before` is None if the record is new, `after` if it was removed. A write that clients cannot see has no event, as
    one that keeps the version. `at` is the time of a change for which the record has none of its own.
    """
    record = after or before
    if record is None:
        return []
    has_own_time = before is not None and before.updated_at != record.updated_at
    made_at = record.updated_at if has_own_time else at
    # A record that was removed has no change of its own; its last one is told apart by "removed".
    change = ("image", record.id, str(record.version), record.change, *(() if after else ("removed",)))
    return [
        new_event(event_type, change=change, at=made_at, owner=record.owner, data=_data(record) | more)
        for event_type, more in _happened(before, after, edited)
    ]


def _happened(
    before: ImageRecord | None, after: ImageRecord | None, edited: Sequence[str]
) -> Iterator[tuple[EventType, dict[str, Any]]]:
    was, now = _visible_state(before), _visible_state(after)
    if was is None and now is None:
        return
    published_before = before.publication if before is not None and was is State.READY else None
    published_after = after.publication if after is not None and now is State.READY else None
    is_withdrawn = published_before is not None and published_before != published_after
    if is_withdrawn and now is not None:
        yield EventType.IMAGE_UNPUBLISHED, {}
    if now is None:
        yield EventType.IMAGE_DELETED, {}
    elif was is None and after is not None:
        yield EventType.IMAGE_CREATED, _picture(after)
        if now is State.TRASHED:
            yield EventType.IMAGE_TRASHED, {}
    elif was is not now:
        yield (EventType.IMAGE_TRASHED if now is State.TRASHED else EventType.IMAGE_RESTORED), {}
    elif before is not None and after is not None and before.version != after.version:
        changed = [name for name in _NAMED_FIELDS if getattr(before, name) != getattr(after, name)]
        if names := [*changed, *edited]:
            expires_at = rfc3339(after.expires_at) if after.expires_at else None
            yield (
                EventType.IMAGE_UPDATED,
                {"changed": names, "category": after.category, "expires_at": expires_at},
            )
    if published_after is not None and published_before != published_after:
        yield EventType.IMAGE_PUBLISHED, {}


def _visible_state(record: ImageRecord | None) -> State | None:
    return record.state if record is not None and record.is_visible else None


def _data(record: ImageRecord) -> dict[str, Any]:
    return {
        "image_id": record.id,
        "version": record.version,
        "kind": record.kind.value,
        "visibility": record.visibility.value,
    }


def _picture(record: ImageRecord) -> dict[str, Any]:
    return {
        "content_type": record.media_type.value,
        "size_bytes": record.size_bytes,
        "width": record.width,
        "height": record.height,
        "sha256": record.sha256,
    }
