"""Every key string of generation jobs, their money and their providers, once; the others are in `keys`."""

from urllib.parse import quote, unquote

from image_store.adapters.dynamodb.keys import DUE_SHARDS, Key, key

JOB = "JOB"
JOB_PREFIX = "JOB#"
LEDGER_PREFIX = "LEDGER#"
BUDGET_PREFIX = "BUDGET#"
_ITEM_PREFIX = "ITEM#"


def job(job_id: str) -> str:
    """The partition of a generation job and its items."""
    return f"{JOB_PREFIX}{job_id}"


def job_item(index: int) -> str:
    """The row of one job item; its attribute `wish` is the generation request."""
    return f"{_ITEM_PREFIX}{index:02d}"


def is_job_item(sk: str) -> bool:
    """Whether a row of a job's partition is one of its items."""
    return sk.startswith(_ITEM_PREFIX)


def jobs(owner: str) -> str:
    """The index partition of an owner's generation jobs."""
    return f"JOBS#{quote(owner, safe='')}"


def job_shard(job_id: str) -> str:
    """The index partition in which a job waits for the sweep."""
    return f"{JOB_PREFIX}{sum(job_id.encode()) % DUE_SHARDS}"


def job_shards() -> tuple[str, ...]:
    """All index partitions in which jobs wait for the sweep."""
    return tuple(f"{JOB_PREFIX}{shard}" for shard in range(DUE_SHARDS))


def join(name: str) -> Key:
    """The row of a job name; `name` is a digest already."""
    return key(f"JOIN#{name}", "JOIN")


def owner_budget(owner: str, period: str) -> Key:
    """The row of what an owner has spent in a day or a month."""
    return key(f"{BUDGET_PREFIX}OWNER#{quote(owner, safe='')}", period)


def key_budget(key_id: str, period: str) -> Key:
    """The row of what an API key with a budget has spent in a day or a month."""
    return key(f"{BUDGET_PREFIX}KEY#{key_id}", period)


def deployment_budget(period: str) -> Key:
    """The row of what the deployment has spent in a day or a month."""
    return key(f"{BUDGET_PREFIX}DEPLOYMENT", period)


def budget_of(row: Key) -> tuple[str, str | None, str | None, str]:
    """What the key of a budget names: `owner`, `key` or `deployment`, the owner, the API key, and the period."""
    holder, _, name = row["pk"]["S"].removeprefix(BUDGET_PREFIX).partition("#")
    owner = unquote(name) if holder == "OWNER" else None
    return holder.lower(), owner, name if holder == "KEY" else None, row["sk"]["S"]


def ledger(owner: str, month: str, *, job_id: str, index: int, call_id: str) -> Key:
    """The row of one ledger entry."""
    return key(f"{LEDGER_PREFIX}{quote(owner, safe='')}#{month}", f"{job_id}#{index:02d}#{call_id}")


def is_ledger(row: Key) -> bool:
    """Whether a row with this key is a ledger entry."""
    return row["pk"]["S"].startswith(LEDGER_PREFIX)


def performance(owner: str | None, day: str, provider: str) -> Key:
    """The row of the performance of a provider on a day, for an owner or (None) for all."""
    scope = "ALL" if owner is None else f"OWNER#{quote(owner, safe='')}"
    return key(f"GENERATED#{scope}", f"{day}#{provider}")


def day_and_provider(sk: str) -> tuple[str, str]:
    """The day and the provider that a row of performance belongs to."""
    day, _, provider = sk.partition("#")
    return day, provider


def breaker(provider: str) -> Key:
    """The row of a provider's circuit breaker."""
    return key(f"PROVIDER#{provider}", "BREAKER")


def provider_key(owner: str, provider: str) -> Key:
    """The row of an owner's own key to a provider."""
    return key(f"PROVIDERKEYS#{quote(owner, safe='')}", provider)
