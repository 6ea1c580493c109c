"""Every key string of the table, once.

What comes from outside (owners, group ids) is percent-encoded, so that no value can spell another's key.
"""

from urllib.parse import quote, unquote

Key = dict[str, dict[str, str]]

META = "META"
DETAIL = "DETAIL"
PUBLICATION_PREFIX = "PUBLICATION#"
IMAGE_PREFIX = "IMAGE#"
DUE_SHARDS = 4
"""PENDING rows of all owners pass through the due index; a few shards keep it from being one hot partition."""


def key(pk: str, sk: str) -> Key:
    """A primary key in DynamoDB's form."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def image(image_id: str) -> str:
    """The partition of an image's record and details."""
    return f"{IMAGE_PREFIX}{image_id}"


def live(owner: str) -> str:
    """The index partition of an owner's READY images."""
    return f"OWNER#{quote(owner, safe='')}"


def trash(owner: str) -> str:
    """The index partition of an owner's TRASHED images."""
    return f"TRASH#{quote(owner, safe='')}"


def group(owner: str, name: str) -> str:
    """The partition of the images of a group; `name` is `type:id`."""
    return f"GROUP#{quote(owner, safe='')}#{quote(name, safe=':')}"


def checksum(owner: str, sha256: str) -> str:
    """The partition of an owner's images with the same bytes."""
    return f"HASH#{quote(owner, safe='')}#{sha256}"


GUARD = "GUARD"


USAGE_PREFIX = "USAGE#"


def usage(owner: str) -> Key:
    """The row that counts what an owner stores."""
    return key(f"{USAGE_PREFIX}{quote(owner, safe='')}", "USAGE")


def owner_of_usage(pk: str) -> str:
    """The owner whom a usage row belongs to."""
    return unquote(pk.removeprefix(USAGE_PREFIX))


def idempotency(name: str) -> Key:
    """The row of an idempotency key; `name` is a digest already."""
    return key(f"IDEMPOTENCY#{name}", "IDEMPOTENCY")


def note(name: str) -> Key:
    """The row that says what became of an idempotency key instead of an image; `name` is a digest already."""
    return key(f"NOTE#{name}", "NOTE")


def sweep(name: str) -> Key:
    """The row that says where a sweep stopped."""
    return key(f"SWEEP#{name}", "SWEEP")


PUBLICATION = "PUBLICATION"


def publication(name: str) -> Key:
    """The row of a publication whose copies may have to go."""
    return key(f"{PUBLICATION_PREFIX}{name}", PUBLICATION)


def rendering(name: str) -> Key:
    """The row of whoever is making a file of an image; `name` is the image's id and the file's name."""
    return key(f"RENDER#{name}", "LEASE")


def migration(migration_id: str) -> Key:
    """The row that says how far a migration has come."""
    return key(f"MIGRATION#{migration_id}", "MIGRATION")


CLEANUP_LEASE = key("CLEANUP", "LEASE")


def cleanup_position(sweep: str) -> Key:
    """The row that says how far a sweep has come."""
    return key("CLEANUP", f"POSITION#{sweep}")


def cleanup_report(report_id: str) -> Key:
    """The row of a report; ids sort by time."""
    return key("CLEANUP#REPORT", report_id)


def due_shard(identifier: str) -> str:
    """The index partition in which a row waits for cleanup."""
    return f"DUE#{sum(identifier.encode()) % DUE_SHARDS}"


def due_shards() -> tuple[str, ...]:
    """All partitions that cleanup has to look at."""
    return tuple(f"DUE#{shard}" for shard in range(DUE_SHARDS))


def policy_shard(owner: str) -> str:
    """The index partition in which an owner waits for policies to look at the images."""
    return f"POLICY#{sum(owner.encode()) % DUE_SHARDS}"


def policy_shards() -> tuple[str, ...]:
    """All partitions in which owners wait."""
    return tuple(f"POLICY#{shard}" for shard in range(DUE_SHARDS))
