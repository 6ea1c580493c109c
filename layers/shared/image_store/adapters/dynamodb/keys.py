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


def publication(name: str) -> Key:
    """The row of a publication whose copies may have to go."""
    return key(f"{PUBLICATION_PREFIX}{name}", "PUBLICATION")


def migration(migration_id: str) -> Key:
    """The row that says how far a migration has come."""
    return key(f"MIGRATION#{migration_id}", "MIGRATION")


JOB = "JOB"
JOB_PREFIX = "JOB#"
_ITEM_PREFIX = "ITEM#"


def job(job_id: str) -> str:
    """The partition of a generation job and its images."""
    return f"{JOB_PREFIX}{job_id}"


def job_item(index: int) -> str:
    """The row of one image of a job."""
    return f"{_ITEM_PREFIX}{index:02d}"


def is_job_item(sk: str) -> bool:
    """Whether a row of a job's partition is one of its images."""
    return sk.startswith(_ITEM_PREFIX)


def jobs(owner: str) -> str:
    """The index partition of an owner's generation jobs."""
    return f"JOBS#{quote(owner, safe='')}"


def job_shard(job_id: str) -> str:
    """The index partition in which a job waits to be looked at."""
    return f"{JOB_PREFIX}{sum(job_id.encode()) % DUE_SHARDS}"


def job_shards() -> tuple[str, ...]:
    """All partitions in which jobs wait."""
    return tuple(f"{JOB_PREFIX}{shard}" for shard in range(DUE_SHARDS))


def join(name: str) -> Key:
    """The row that says which job a request became; `name` is a digest already."""
    return key(f"JOIN#{name}", "JOIN")


def owner_budget(owner: str, period: str) -> Key:
    """The row of what an owner has spent in a day or a month."""
    return key(f"BUDGET#OWNER#{quote(owner, safe='')}", period)


def deployment_budget(period: str) -> Key:
    """The row of what the deployment has spent in a day or a month."""
    return key("BUDGET#DEPLOYMENT", period)


def ledger(owner: str, month: str, entry: str) -> Key:
    """The row of one paid call."""
    return key(f"LEDGER#{quote(owner, safe='')}#{month}", entry)


def performance(owner: str | None, day: str, provider: str) -> Key:
    """The row of what a provider has done on a day, for an owner or (None) for all."""
    scope = "ALL" if owner is None else f"OWNER#{quote(owner, safe='')}"
    return key(f"GENERATED#{scope}#{day}", provider)


def breaker(provider: str) -> Key:
    """The row of a provider's circuit breaker."""
    return key(f"PROVIDER#{provider}", "BREAKER")


def provider_key(owner: str, provider: str) -> Key:
    """The row of an owner's own key to a provider."""
    return key(f"PROVIDERKEYS#{quote(owner, safe='')}", provider)


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
