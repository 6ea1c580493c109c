"""Key strings of the rows of the backup."""

from image_store.adapters.dynamodb.keys import DUE_SHARDS, IMAGE_PREFIX, META, Key, key
from image_store.domain.backup.lines import image_entity, row_entity

_OUTBOX_PREFIX = "BACKUP#"
LEASE = key("BACKUP", "LEASE")
STATE = key("BACKUP", "STATE")
JOBS = "BACKUPS"
"""The partition of all runs; their ids sort by time."""


def job(job_id: str) -> Key:
    """The row of a run."""
    return key(JOBS, job_id)


def entity_of(pk: str, sk: str) -> str:
    """The name in the backup of the row with this key; image and record have one name."""
    is_record = sk == META and pk.startswith(IMAGE_PREFIX)
    return image_entity(pk.removeprefix(IMAGE_PREFIX)) if is_record else row_entity(pk, sk)


def row_of(entity: str) -> Key:
    """The key of the row, or of the record of the image, that has this name in the backup."""
    kind, _, name = entity.partition(":")
    if kind == "image":
        return key(f"{IMAGE_PREFIX}{name}", META)
    pk, _, sk = name.partition("|")
    return key(pk, sk)


def noted(entity: str) -> Key:
    """The row that notes a change; its sort key is that of no other row, so no reader of records sees it."""
    return key(f"{_OUTBOX_PREFIX}{entity}", "CHANGE")


def entity_of_note(pk: str) -> str:
    """The name of what a noted change is about."""
    return pk.removeprefix(_OUTBOX_PREFIX)


def outbox_shard(entity: str) -> str:
    """The index partition in which a change waits for the next run."""
    return f"{_OUTBOX_PREFIX}{sum(entity.encode()) % DUE_SHARDS}"


def outbox_shards() -> tuple[str, ...]:
    """All index partitions of changes."""
    return tuple(f"{_OUTBOX_PREFIX}{shard}" for shard in range(DUE_SHARDS))
