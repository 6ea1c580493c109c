"""How many reservations of one owner, all begun at the same moment, succeed.

The services and adapters are the real ones, each reservation on adapters of its own, as in a function of its own. The
table is in memory and holds the rows of a transaction for 10 ms, as DynamoDB does: whoever wants one of them meanwhile
is refused as DynamoDB refuses, which neither the emulator nor moto does. Time is virtual and chance is seeded.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from image_store.adapters.dynamodb.callers.upload_tokens import DynamoUploadTokens
from image_store.adapters.dynamodb.images.charges import counter_key
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.caller import user
from image_store.domain.errors import QuotaExceeded, StorageUnavailable, UploadTokenUsedUp
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.draft import ImageDraft
from image_store.domain.images.media import MediaType
from image_store.domain.images.quota import Quota, Usage
from image_store.domain.images.reservation import Charge, IdempotencyKey
from image_store.services.callers.upload_tokens import NewUploadToken
from image_store.services.images.write_protocol import ReservedImage
from tests.benchmarks.measurement import Measurement
from tests.benchmarks.virtual_time import VirtualTime
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_client import MemoryDynamo
from tests.fakes.rows import DynamoRows
from tests.fakes.store import Store
from tests.samples import PICTURE

OWNER = "owner-1"
HELD_SECONDS = 0.010
SIZES = (64, 128, 256)
ALL = 100.0
MOST = 95.0
"""Percent that have to succeed of the largest crowd with a quota; smaller ones all do."""
_SEED = 13
_ROOM = Quota(images=100_000, size_bytes=10**15)


@dataclass(frozen=True)
class Crowd:
    """What became of reservations that were begun at the same moment."""

    size: int
    succeeded: int
    seconds: float
    """When the last one had its answer."""
    tries: int
    """How many writes were sent."""
    usage: Usage
    refused: int = 0
    """How many were refused because a counter had no room."""
    counts: tuple[int, ...] = ()
    """What the counters of the charges say at the end."""

    @property
    def percent(self) -> float:
        """How many of a hundred succeeded."""
        return 100 * self.succeeded / self.size


@dataclass
class HoldingTable:
    """A client of a table whose rows are held while a transaction that writes them runs."""

    table: MemoryDynamo
    time: VirtualTime
    tries: int = 0
    _held: set[tuple[str, str]] = field(default_factory=set)

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.table, operation)

    def transact_write_items(self, **request: Any) -> Any:
        """Write as DynamoDB does: the rows of a transaction are held for a moment."""
        self.tries += 1
        writes = [write for each in request["TransactItems"] for write in each.values()]
        rows = [_row_of(write.get("Key") or write["Item"]) for write in writes]
        if self._held.intersection(rows):
            reasons = [{"Code": "TransactionConflict" if row in self._held else "None"} for row in rows]
            raise _error("TransactionCanceledException", CancellationReasons=reasons)
        self._held.update(rows)
        try:
            self.time.sleep(HELD_SECONDS)
            return self.table.transact_write_items(**request)
        finally:
            self._held.difference_update(rows)

    def put_item(self, **request: Any) -> Any:
        """Write one row, unless a transaction holds it."""
        return self._write("put_item", request)

    def update_item(self, **request: Any) -> Any:
        """As `put_item`."""
        return self._write("update_item", request)

    def delete_item(self, **request: Any) -> Any:
        """As `put_item`."""
        return self._write("delete_item", request)

    def _write(self, operation: str, request: dict[str, Any]) -> Any:
        self.tries += 1
        if _row_of(request.get("Key") or request["Item"]) in self._held:
            raise _error("TransactionConflictException")
        return getattr(self.table, operation)(**request)


def reserve_at_once(
    size: int,
    quota: Quota,
    *,
    max_images_of_token: int | None = None,
    charges: tuple[Charge, ...] = (),
    seed: int = _SEED,
) -> Crowd:
    """Begin so many reservations of one owner at the same moment, each with these charges.

    With a number of images they share one upload token.
    """
    random_state = random.getstate()
    random.seed(seed)
    try:
        return _crowd(size, quota, max_images_of_token, charges)
    finally:
        random.setstate(random_state)


def measure(_: Path) -> Iterator[Measurement]:
    """Measure crowds of all sizes, with a quota and without."""
    for suffix, quota in (("", Quota()), ("_with_quota", _ROOM)):
        for size in SIZES:
            crowd = reserve_at_once(size, quota)
            bar = MOST if quota.is_set and size == max(SIZES) else ALL
            detail = f"{crowd.tries} writes, the last after {crowd.seconds:.2f} s of virtual time"
            name = f"reserves_at_once_{size}{suffix}"
            yield Measurement(name, crowd.percent, "%", bar, detail, at_least=True)


def _crowd(size: int, quota: Quota, max_images_of_token: int | None, charges: tuple[Charge, ...]) -> Crowd:
    time = VirtualTime()
    memory = MemoryDynamo()
    table = new_table(memory)
    client = HoldingTable(memory, time)
    store = Store()
    succeeded: list[float] = []
    ended: list[float] = []
    refused: list[float] = []
    if max_images_of_token is not None:
        permissions = replace(
            store.app.callers.upload_permissions,
            tokens=DynamoUploadTokens(DynamoTable(table, client=lambda: memory)),
        )
        owner = user(OWNER, scopes=(), admin_scope="", admin_subjects=())
        request = NewUploadToken(
            lifetime=timedelta(hours=1), max_images=max_images_of_token, attributes=Attributes()
        )
        charges = (permissions.create(owner, request)[0].charge(len(PICTURE)),)

    def rows() -> DynamoRows:
        return DynamoRows(
            DynamoTable(table, client=lambda: client, sleep=time.sleep, monotonic=time.monotonic)
        )

    def reserve(number: int) -> None:
        repository = rows()
        reservations = replace(
            store.app.images.reservations,
            earlier=replace(store.app.images.earlier_images, repository=repository, claims=repository),
            protocol=replace(store.app.images.write_protocol, repository=repository),
        )
        try:
            reserved = reservations.reserve(replace(_draft(number), charges=charges), None, quota=quota)
            assert isinstance(reserved, ReservedImage)
            succeeded.append(time.monotonic())
        except StorageUnavailable:
            pass
        except (QuotaExceeded, UploadTokenUsedUp):
            refused.append(time.monotonic())
        ended.append(time.monotonic())

    time.run([partial(reserve, number) for number in range(size)])
    counts = [
        int(memory.get_item(TableName=table, Key=counter_key(charge.counter))["Item"]["images"]["N"])
        for charge in charges
    ]
    return Crowd(
        size, len(succeeded), max(ended), client.tries, rows().usage(OWNER), len(refused), tuple(counts)
    )


def _draft(number: int) -> ImageDraft:
    return ImageDraft(
        owner=OWNER,
        sha256=f"{number:064x}",
        size_bytes=len(PICTURE),
        media_type=MediaType.PNG,
        attributes=Attributes(),
        idempotency=IdempotencyKey(f"{number:064x}", "said"),
    )


def _row_of(named: Mapping[str, Any]) -> tuple[str, str]:
    return named["pk"]["S"], named["sk"]["S"]


def _error(code: str, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "a transaction holds the row"}, **more}
    return ClientError(answer, "TransactWriteItems")
