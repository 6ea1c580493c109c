"""Key strings of the event log."""

from urllib.parse import quote

from image_store.adapters.dynamodb.keys import Key, key

_PREFIX = "EVENTS#"
LOG_SHARDS = 8
"""Events of all owners are divided, so that writing them needs no single partition. It can grow, and never shrink."""


def log_of_owner(owner: str) -> str:
    """The partition of an owner's events."""
    return f"{_PREFIX}OWNER#{quote(owner, safe='')}"


def log_of_all(event_id: str) -> str:
    """The partition of an event among those of all owners."""
    return f"{_PREFIX}ALL#{sum(event_id.encode()) % LOG_SHARDS}"


def all_logs() -> tuple[str, ...]:
    """All partitions of the events of all owners."""
    return tuple(f"{_PREFIX}ALL#{shard}" for shard in range(LOG_SHARDS))


def logged(partition: str, place: str) -> Key:
    """The row of an event."""
    return key(partition, place)
