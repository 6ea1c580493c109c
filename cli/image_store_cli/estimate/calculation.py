"""Calculates the costs of a usage, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from image_store_cli.estimate import prices
from image_store_cli.estimate.prices import BACKUPS, MILLION, STORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_store_cli.estimate.prices import StorePrices
    from image_store_cli.estimate.usage import Usage

UPLOAD_SECONDS = 0.6
REQUEST_SECONDS = 0.02
BACKUP_SECONDS = 0.1
_LARGE_GB, _MEDIUM_GB = 3.0, 1.0
_WEEKS, _DAYS, _SECONDS = 52 / 12, 365 / 12, 2_592_000
ALARM_METRICS, BACKUP_ALARM_METRICS = 25, 2
_METRICS, _WATCHED_METRICS, _BACKUP_METRICS = 3, 3, 2
QUEUES = ("IngestQueue", "WorkQueue", "GenerationQueue", "DeliveryQueue")
BACKUP_QUEUES = ("BackupQueue",)
"""Queues that start a function, by their names in the template; a test compares what is counted here with it."""
SECRETS, BACKUP_SECRETS, GENERATION_SECRETS = ("signing", "r2"), ("backup",), ("providers",)
"""Secrets by what follows `{stack}/` in their default names."""
_POLLS = 5 * 3 * 60 * 24 * 30
"""Requests a month for each queue: Lambda asks it five times in 20 s."""
EVENT_WRITE_UNITS = 2
"""An event has a row for its owner and one among those of all owners."""
DELIVERY_WRITE_UNITS, DELIVERY_READ_UNITS = 4, 10
"""A delivery that comes alone: the turn is taken, saved and given back, and the delivery is written. Tests count."""
_DELIVERY_SECONDS, _DELIVERY_GB, _DELIVERY_MESSAGES = 0.3, 0.5, 3
_EVENT_KB = 1.0
"""Both rows, with 100 bytes for each; they stay for 30 days."""
_WAIT_SECONDS, _WAITING_GB = 20, 0.25
READ_UNITS = {"image": 1, "list": 7, "search": 54, "projection": 6}
_LIST_OBJECTS = 1_000


class Part(StrEnum):
    """When something is paid."""

    FIXED = "fixed"
    MONTHLY = "monthly"
    ONCE = "once"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Line:
    """One cost in dollars, and how it was calculated."""

    part: Part
    item: str
    usd: float
    calculation: str


def total(lines: list[Line], part: Part) -> float:
    """The sum of a part, in dollars."""
    return sum(line.usd for line in lines if line.part is part)


def estimate(usage: Usage) -> list[Line]:
    """All costs of a usage that are not nothing; `ONCE` is what it costs to store the images that exist."""
    return [
        line
        for line in (*_fixed(usage), *_kept(usage), *_used(usage), *_backup(usage), *_stored_once(usage))
        if line.usd
    ]


def write_units(usage: Usage) -> tuple[float, float, float]:
    """Write units of a new image: to store it, to find it by words, tags and figures, to find similar images.

    A test compares them with what the adapters write.
    """
    to_store = 11 + 2 * usage.groups + usage.public * (10 + 2 * usage.groups)
    # Its projection, which grows with the words, figures of owner and system, of tags and groups, lists, words.
    figures = 4 + usage.tags + usage.groups
    rows = 1 + usage.found_by // 35 + figures + usage.tags + usage.found_by
    return to_store, 2.0 * rows, 8.0


def table_kb(usage: Usage) -> float:
    """What an image takes in the table and its indexes, in kB of 1,000 bytes, with 100 bytes for each row."""
    words = usage.found_by
    # The row of each word holds all words of its image.
    return 4.3 + (0.25 + 0.0022 * words) * words + 0.6 * (usage.tags + usage.groups) + usage.public * 1.6


def _fixed(usage: Usage) -> Iterator[Line]:
    watched = usage.alarms or usage.dashboard
    has_backup = usage.backup is not None
    metrics = _METRICS + watched * _WATCHED_METRICS + has_backup * _BACKUP_METRICS
    alarm_metrics = ALARM_METRICS + has_backup * BACKUP_ALARM_METRICS
    secrets = len(SECRETS) + has_backup * len(BACKUP_SECRETS)
    secrets += (usage.generated > 0) * len(GENERATION_SECRETS)
    warm = usage.warm_instances * 3 * _MEDIUM_GB * _SECONDS
    queues = len(QUEUES) + has_backup * len(BACKUP_QUEUES)
    polls = queues * _POLLS

    def line(item: str, usd: float, calculation: str) -> Line:
        return Line(Part.FIXED, item, usd, calculation)

    if usage.alarms:
        yield line(
            "alarms",
            prices.ALARMS.of(alarm_metrics),
            f"{alarm_metrics} metrics; off with `RaiseAlarms=false`",
        )
    if usage.dashboard:
        yield line("dashboard", prices.DASHBOARD.of(1), "off with `ShowDashboard=false`")
    yield line(
        "metrics",
        prices.METRICS.of(metrics),
        f"{metrics} metrics; three fewer without alarms and dashboard",
    )
    yield line("KMS key", prices.KEY.of(1), "one key; each of the first two yearly rotations adds as much")
    yield line("secrets", prices.SECRETS.of(secrets), f"{secrets} secrets")
    yield line(
        "polling of queues", prices.QUEUES.of(polls), f"{queues} queues, {_millions(polls)} M requests"
    )
    yield line(
        "cleanup",
        prices.LAMBDA_TIME.of(2_900 * 0.5) + prices.TABLE_READS.of(0.2 * MILLION) + prices.LOGS.of(0.1),
        "2,900 runs of a second with 512 MB, rows and logs",
    )
    yield line(
        "warm instances", prices.LAMBDA_WARM.of(warm), f"{usage.warm_instances} of 1 GB for three functions"
    )


def _kept(usage: Usage) -> Iterator[Line]:
    """What stored images cost each month."""
    store = STORES[usage.store]
    stored_gb = usage.images * usage.stored_mb / 1_000
    table_gb = usage.images * table_kb(usage) / MILLION
    daily_reads = usage.images * (1 + usage.public) * _DAYS
    scans = usage.images * table_kb(usage) / 4.096 * _WEEKS
    heads = usage.images * usage.objects * _WEEKS
    lists = usage.images * usage.objects / _LIST_OBJECTS * _DAYS
    yield _monthly(f"{store.name}, storage", store.storage.of(stored_gb), f"{stored_gb:,.0f} GB")
    yield _monthly("DynamoDB, storage", prices.TABLE_STORAGE.of(table_gb), f"{table_gb:,.1f} GB")
    yield _monthly(
        "DynamoDB, point-in-time recovery", prices.TABLE_RECOVERY.of(table_gb), f"{table_gb:,.1f} GB"
    )
    yield _monthly(
        "cleanup's sweeps",
        prices.TABLE_READS.of(daily_reads + scans) + store.reads.of(heads) + store.writes.of(lists),
        f"each object once a day, each record once a week: {_millions(daily_reads + scans)} M read units, "
        f"{_millions(heads)} M reads and {_millions(lists)} M lists of {store.name}",
    )


def _used(usage: Usage) -> Iterator[Line]:
    """What new images, views and requests cost each month."""
    store = STORES[usage.store]
    misses = usage.views * (1 - usage.cached_percent / 100)
    served_gb = usage.views * usage.view_mb / 1_000
    yield _monthly(f"views, reads of {store.name}", store.reads.of(misses), f"{_millions(misses)} M reads")
    if store.is_aws:
        yield _monthly(
            "views, CloudFront",
            prices.CDN_TRANSFER.of(served_gb) + prices.CDN_REQUESTS.of(usage.views),
            f"{served_gb:,.0f} GB and {_millions(usage.views)} M requests; transfer from S3 to CloudFront is free",
        )
    for item, count, units in (
        ("requests for images", usage.requests, READ_UNITS["image"]),
        ("pages of lists", usage.lists, READ_UNITS["list"]),
        ("pages of searches", usage.searches, READ_UNITS["search"]),
    ):
        yield _monthly(item, _requests(count, units), f"{_millions(count)} M with {units} read units each")
    for item, usd, calculation in _storing(usage, usage.new_images):
        yield _monthly(f"new images, {item}", usd, calculation)
    removed = sum(write_units(usage)) * usage.deletions
    yield _monthly("deletions", prices.TABLE_WRITES.of(removed), f"{_millions(removed)} M write units")
    # An image that is deleted was in the trash before; the end of a generated image is one, that of its job another.
    others = 2 * usage.deletions + 2 * usage.generated
    yield _monthly(
        "events of deletions and generations", _events(usage, others), f"two each, {_millions(others)} M"
    )
    deliveries = usage.webhook_deliveries
    yield _monthly(
        "deliveries to webhooks",
        _deliveries(deliveries),
        f"{_millions(deliveries)} M with {DELIVERY_WRITE_UNITS} write units and {_DELIVERY_SECONDS} s of 512 MB each, "
        "if none shares its turn",
    )
    yield _monthly(
        "waiting readers of events",
        usage.waiting_readers * _waiting(),
        f"{usage.waiting_readers} of 256 MB; a request of {_WAIT_SECONDS} s after the other, a read unit a second",
    )
    waiting = usage.generated * usage.generation_seconds * _LARGE_GB
    yield _monthly(
        "generation, Lambda",
        prices.LAMBDA_TIME.of(waiting) + prices.QUEUES.of(3 * usage.generated),
        f"{usage.generation_seconds:g} s of 3 GB an image",
    )
    yield _monthly(
        "generation, providers",
        usage.generated * usage.generation_usd,
        f"{usage.generated:,} images at ${usage.generation_usd:g}",
    )


def _deliveries(count: int) -> float:
    """What it costs to send so many events to webhooks, each in a turn of its own, and to list them for 30 days."""
    return (
        prices.TABLE_WRITES.of(count * DELIVERY_WRITE_UNITS)
        + prices.TABLE_READS.of(count * DELIVERY_READ_UNITS)
        + prices.TABLE_STORAGE.of(count * _EVENT_KB / MILLION)
        + prices.QUEUES.of(count * _DELIVERY_MESSAGES)
        + prices.LAMBDA_TIME.of(count * _DELIVERY_SECONDS * _DELIVERY_GB)
        + prices.LAMBDA_REQUESTS.of(count)
    )


def _storing(usage: Usage, count: int) -> Iterator[tuple[str, float, str]]:
    """What it costs to store so many images."""
    store = STORES[usage.store]
    units = write_units(usage)
    each = f"{sum(units):.0f} write units an image: {units[0]:.0f} to store it, {units[1]:.0f} to find it by words"
    yield (
        f"{store.name}, writes",
        store.writes.of(count * usage.objects),
        f"{usage.objects:.1f} puts an image",
    )
    yield (
        "DynamoDB, writes",
        prices.TABLE_WRITES.of(count * sum(units)),
        f"{each}, {units[2]:.0f} for similar images",
    )
    reads = READ_UNITS["projection"] + usage.tags + usage.groups
    yield (
        "DynamoDB, reads",
        prices.TABLE_READS.of(count * reads),
        f"{reads} read units an image to project it",
    )
    yield (
        "Lambda",
        prices.LAMBDA_TIME.of(count * UPLOAD_SECONDS * _LARGE_GB) + prices.LAMBDA_REQUESTS.of(count),
        f"{UPLOAD_SECONDS} s of 3 GB an image",
    )
    yield "HTTP API", prices.HTTP_API.of(count), "one request an image"
    events = 1 + usage.public
    yield (
        "events",
        _events(usage, count * events),
        f"{events:.1f} an image with {EVENT_WRITE_UNITS} write units each, kept for 30 days"
        + ", and on the bus" * usage.event_bus,
    )
    if usage.encrypts:
        yield (
            "KMS",
            prices.KEY_CALLS.of(count),
            "one call an image, and one for each time its details are shown",
        )


def _stored_once(usage: Usage) -> Iterator[Line]:
    for item, usd, calculation in _storing(usage, usage.images):
        yield Line(Part.ONCE, f"storing, {item}", usd, calculation)


def _backup(usage: Usage) -> Iterator[Line]:
    if usage.backup is None:
        return
    target = BACKUPS[usage.backup]
    kept_gb = usage.images * usage.image_mb / 1_000
    yield _monthly(
        f"backup, storage in {target.name}", target.storage.of(kept_gb), f"{kept_gb:,.0f} GB of originals"
    )
    yield _monthly("backup of new images", _copies(usage, target, usage.new_images), "read, put and transfer")
    yield Line(
        Part.ONCE,
        "backup, first run",
        _copies(usage, target, usage.images),
        "read, put and transfer of all originals",
    )
    restored = usage.images * usage.image_mb / 1_000
    retrieval = target.retrieval.of(restored) if target.retrieval else 0.0
    leaves_aws = prices.FROM_AWS.of(restored) if target.is_aws and not STORES[usage.store].is_aws else 0.0
    yield Line(
        Part.RESTORE,
        f"reading all originals from {target.name}",
        target.reads.of(usage.images) + retrieval + leaves_aws,
        "reads, retrieval and transfer; storing the images comes on top",
    )


def _copies(usage: Usage, target: StorePrices, count: int) -> float:
    """Copying so many originals into the backup."""
    source = STORES[usage.store]
    copied_gb = count * usage.image_mb / 1_000
    transfer = 0.0
    if source.is_aws and not target.is_aws:
        transfer = prices.FROM_AWS.of(copied_gb)
    elif source.is_aws and usage.backup_elsewhere:
        transfer = prices.BETWEEN_REGIONS.of(copied_gb)
    time = prices.LAMBDA_TIME.of(count * BACKUP_SECONDS * _MEDIUM_GB)
    return source.reads.of(count) + target.writes.of(count) + transfer + time


def _events(usage: Usage, count: float) -> float:
    """Recording so many events, and putting them on the bus."""
    kept_gb = count * _EVENT_KB / MILLION
    return (
        prices.TABLE_WRITES.of(count * EVENT_WRITE_UNITS)
        + prices.TABLE_STORAGE.of(kept_gb)
        + prices.TABLE_RECOVERY.of(kept_gb)
        + usage.event_bus * prices.EVENT_BUS.of(count)
    )


def _waiting() -> float:
    """One reader that waits for a month."""
    requests = _SECONDS / _WAIT_SECONDS
    return (
        prices.LAMBDA_TIME.of(_SECONDS * _WAITING_GB)
        + prices.TABLE_READS.of(_SECONDS)
        + prices.HTTP_API.of(requests)
        + prices.LAMBDA_REQUESTS.of(requests)
        + prices.LOGS.of(requests / MILLION)
    )


def _requests(count: int, units: float) -> float:
    lambda_time = prices.LAMBDA_TIME.of(count * REQUEST_SECONDS * _MEDIUM_GB)
    log_gb = count / MILLION
    return (
        prices.HTTP_API.of(count)
        + prices.LAMBDA_REQUESTS.of(count)
        + lambda_time
        + prices.TABLE_READS.of(count * units)
        + prices.LOGS.of(log_gb)
    )


def _monthly(item: str, usd: float, calculation: str) -> Line:
    return Line(Part.MONTHLY, item, usd, calculation)


def _millions(count: float) -> str:
    return f"{count / MILLION:,.1f}".removesuffix(".0")
