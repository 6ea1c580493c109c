"""Events: what happened to an image, a generation, a budget, a webhook or the store.

An event follows from one change of the table. Its id is derived from that change, so each time the change is read the
event has the same id. Events are delivered at least once and in no promised order.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.ids import uuid7
from image_store.domain.times import rfc3339

EVENT_RETENTION = timedelta(days=30)
"""How long an event can be read."""

_RANDOM_BITS = 74


class EventType(StrEnum):
    """What happened."""

    IMAGE_CREATED = "image.created"
    IMAGE_UPDATED = "image.updated"
    IMAGE_PUBLISHED = "image.published"
    IMAGE_UNPUBLISHED = "image.unpublished"
    IMAGE_TRASHED = "image.trashed"
    IMAGE_RESTORED = "image.restored"
    IMAGE_DELETED = "image.deleted"
    GENERATION_ITEM_FINISHED = "generation.item_finished"
    GENERATION_FINISHED = "generation.finished"
    BUDGET_REACHED = "budget.reached"
    CLEANUP_FINISHED = "cleanup.finished"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_TEST = "webhook.test"
    """Sent to one webhook because its owner asked for it; in no log, as nothing has happened."""


LOGGED_TYPES = tuple(each for each in EventType if each is not EventType.WEBHOOK_TEST)
"""The types of events that the log and the bus have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    id: str
    """The same each time the change is read; a UUIDv7 with the time of the change."""
    type: EventType
    created_at: datetime
    """When the change was made."""
    owner: str | None
    """Whose image, generation or budget it is about; None for the store as a whole, which only admins hear about."""
    data: Mapping[str, Any]
    """Ids and what changed, as JSON; never a prompt or a secret."""


def new_event(
    event_type: EventType,
    *,
    change: tuple[str, ...],
    at: datetime,
    owner: str | None,
    data: Mapping[str, Any],
    id_time: datetime | None = None,
) -> Event:
    """The event of a change, which `change` names among all changes of the table.

    `id_time` is the time in the id, if equal changes at different times have one id.
    """
    text = "\0".join((event_type, *change)).encode()
    bits = int.from_bytes(hashlib.sha256(text).digest()) >> (256 - _RANDOM_BITS)
    return Event(id=uuid7(id_time or at, bits), type=event_type, created_at=at, owner=owner, data=data)


def event_body(event: Event) -> dict[str, Any]:
    """An event as clients, buses and webhooks see it."""
    return {
        "id": event.id,
        "type": event.type.value,
        "created_at": rfc3339(event.created_at),
        "owner_id": event.owner,
        "data": event.data,
    }
