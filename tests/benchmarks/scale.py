"""How many images and pages a second the store's own rows allow, by the documented limits of DynamoDB.

Two limits do not grow with the table, so they decide at a large scale. The services and adapters are the real ones.

- A partition key has 1,000 write units and 3,000 read units a second. `uploads` and `feed_pages` count the units of
  each upload and page by partition key.
- A transaction holds its rows for about 10 ms, and others on one of them are refused meanwhile. `project_at_once` lets
  consumers of the stream work in virtual time, without the processor time of their function.

Quotas that a setting or a request to AWS moves are in docs/scale.md.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.finding.feed_rows import DynamoFeedRows
from image_store.adapters.dynamodb.finding.projector import DynamoProjector
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.errors import StorageUnavailable
from image_store.domain.finding.feed import FeedQuery
from image_store.domain.ids import uuid7
from image_store.domain.images.image import Visibility
from image_store.services.upkeep.projections import Projections
from tests.benchmarks.growth_contents import found
from tests.benchmarks.measurement import Measurement
from tests.benchmarks.reserving import HoldingTable
from tests.benchmarks.sample import sample_image
from tests.benchmarks.table_units import READS_A_SECOND, WRITES_A_SECOND, TableUnits
from tests.benchmarks.virtual_time import VirtualTime
from tests.fakes.clock import SetClock
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.faults.world import World
from tests.samples import OWNER

AT = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 100
TAKES_GET_SECONDS = 0.004
TAKES_GET_TOGETHER_SECONDS = 0.005
_SEED = 13
_UPLOADS = 64


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Uploads a second, projections included, that each kind of partition key allows."""

    units: float
    """Write units of an upload and its projection, of the table and its indexes."""
    due: float
    """Rows that wait for cleanup, of all owners; this counts the shards as evenly filled."""
    feed: float
    """The feed of all owners; infinite for private images."""
    owner: float
    """Index and feed of one owner."""
    group: float
    """The images of one group."""


@dataclass(frozen=True, slots=True)
class Consumers:
    """What consumers of the stream have done."""

    images_a_second: float
    tries_an_image: float
    """Writes that were sent for each image; refused ones are billed too."""
    failed: int


class SlowTable(HoldingTable):
    """A table whose rows are held by transactions, and whose reads take their time."""

    def transact_get_items(self, **request: Any) -> Any:
        """Read rows together."""
        self.time.sleep(TAKES_GET_TOGETHER_SECONDS)
        return self.table.transact_get_items(**request)

    def get_item(self, **request: Any) -> Any:
        """Read a row."""
        self.time.sleep(TAKES_GET_SECONDS)
        return self.table.get_item(**request)


def uploads(visibility: Visibility, *, count: int = _UPLOADS) -> UploadLimits:
    """Store and project images of one owner and one group, and compare their units with the limits of partitions."""
    client = TableUnits(MemoryDynamo())
    world = World(client)
    client.writes.clear()
    stored = [world.upload(visibility) for _ in range(count)]
    for image in stored:
        world.project(image.record.id)

    def each(*beginnings: str) -> float:
        """The units of an upload in the partition keys that begin so, of which there may be several."""
        units = [number for (_, pk), number in client.writes.items() if pk.startswith(beginnings)]
        return sum(units) / count

    def limit(units: float) -> float:
        return WRITES_A_SECOND / units if units else float("inf")

    due = each("DUE#") / len(keys.due_shards())
    owner = max(each(keys.live(OWNER)), each(keys.feed_of_owner(OWNER)))
    group = max(each(keys.group(OWNER, "session:s1")), each(keys.feed_of_group("session:s1")))
    return UploadLimits(
        client.writes.total() / count, limit(due), limit(each(keys.FEED)), limit(owner), limit(group)
    )


def feed_pages(*, limit: int = PAGE) -> float:
    """Pages of the feed a second that the table answers to readers who all request the newest page."""
    memory = MemoryDynamo()
    table = new_table(memory)
    for number in range(2 * limit):
        public = found(2 * number)
        for row in records.feed_rows(public):
            memory.put_item(TableName=table, Item=row)
    client = TableUnits(memory)
    rows = DynamoFeedRows(DynamoTable(table, client=lambda: client))
    page = rows.entries(FeedQuery(limit=limit), after=None, at=AT)
    assert len(page.entries) == limit
    return READS_A_SECOND / client.reads["table", keys.FEED]


def project_at_once(consumers: int, *, owners: int, together: bool = True, each: int = 50) -> Consumers:
    """Let so many consumers of the stream project `each` images, of so many owners, at the same time.

    Without `together` every image has a transaction with its figures, as in earlier builds.
    """
    with _same_chance():
        time, memory = VirtualTime(), MemoryDynamo()
        table = new_table(memory)
        client = SlowTable(memory, time)
        image_ids = list(_images(memory, table, consumers * each, owners))
        failed: list[str] = []

        def consume(number: int) -> None:
            rows = DynamoTable(table, client=lambda: client, sleep=time.sleep, monotonic=time.monotonic)
            projections = Projections(projector=DynamoProjector(rows), clock=SetClock())
            batch = image_ids[number::consumers]
            for some in [batch] if together else [[image_id] for image_id in batch]:
                projections.project(some, failed=_collect(failed))

        time.run([partial(consume, number) for number in range(consumers)])
    done = len(image_ids) - len(failed)
    return Consumers(done / time.monotonic(), client.tries / len(image_ids), len(failed))


def measure(_: Path) -> Iterator[Measurement]:
    """Measure what docs/scale.md states."""
    for visibility in (Visibility.PRIVATE, Visibility.PUBLIC):
        limits = uploads(visibility)
        detail = f"{limits.units:.0f} write units; one owner {limits.owner:.0f}, one group {limits.group:.0f}"
        least = min(limits.due, limits.feed)
        name = f"scale_uploads_{visibility.value}_per_s"
        yield Measurement(name, least, "images/s", 500, detail, at_least=True)
    yield Measurement(
        "scale_feed_pages_per_s", feed_pages(), "pages/s", 400, "one page of 100", at_least=True
    )
    for owners, of in ((1, "one_owner"), (100_000, "all_owners")):
        for consumers in (4, 16, 64):
            done = project_at_once(consumers, owners=owners)
            before = project_at_once(consumers, owners=owners, together=False, each=10)
            detail = (
                f"{done.tries_an_image:.1f} writes an image, {done.failed} failed; "
                f"one by one {before.images_a_second:.0f}, {before.tries_an_image:.1f} writes"
            )
            name = f"scale_projects_{of}_{consumers}_per_s"
            bar = 1.5 * before.images_a_second
            yield Measurement(name, done.images_a_second, "images/s", bar, detail, at_least=True)


def _images(memory: MemoryDynamo, table: str, count: int, owners: int) -> Iterator[str]:
    for number in range(count):
        image = sample_image(number)
        image_id = uuid7(AT, random.getrandbits(74))
        record = replace(image.record, id=image_id, owner=f"owner-{number % owners}")
        for row in records.rows_of(replace(image, record=record)).values():
            memory.put_item(TableName=table, Item=row)
        yield image_id


def _collect(failed: list[str]) -> Any:
    def collect(image_id: str, error: Exception) -> None:
        if not isinstance(error, StorageUnavailable):
            raise error
        failed.append(image_id)

    return collect


@contextmanager
def _same_chance() -> Iterator[None]:
    """Seed chance, so that each run is the same; and leave it as it was."""
    before = random.getstate()
    random.seed(_SEED)
    try:
        yield
    finally:
        random.setstate(before)
