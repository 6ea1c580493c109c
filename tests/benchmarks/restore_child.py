"""A child process that restores the backup of a folder, and prints calls, CPU time and peak memory as JSON.

Everything but the backup is lost. Services and repository are the real ones; table, private bucket and queue take what
they are given and keep nothing. Run as `python -m tests.benchmarks.restore_child FOLDER`.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from image_store.adapters.dynamodb.backup.lost_rows import DynamoLostRows
from image_store.adapters.dynamodb.images.repository import DynamoRepository
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.upkeep.recovery import RecoveryJob, RecoveryKind
from image_store.domain.work import Work
from image_store.ports.objects import StoredObject
from image_store.ports.queues import WorkQueue
from image_store.services.backup.library import BackupLibrary
from image_store.services.upkeep.recovery.from_backup import FromBackup
from image_store.services.upkeep.recovery.lost_images import LostImages
from image_store.services.upkeep.repair.storage_check import StorageCheck
from tests.benchmarks.backup_child import BackupBucket
from tests.benchmarks.measurement import peak_mb
from tests.fakes.clock import CountedIds, SetClock
from tests.fakes.object_store import MemoryBucket

STEP = timedelta(minutes=14)
PAGE_TAKES = timedelta(seconds=1)
"""Moves the clock with each reading of known records, so that a restore of many images has several steps."""
BATCH = 10
"""Messages that SQS takes at once."""


class Calls(Counter[str]):
    """Calls by name, counted by several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def add(self, name: str, count: int = 1) -> None:
        with self._lock:
            self[name] += count


class EmptyBucket(MemoryBucket):
    """Has nothing, and keeps nothing."""

    counted: Calls

    def head(self, key: str) -> StoredObject | None:
        self.counted.add("private head")
        return None

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        self.counted.add("private put")


class CountedBackup(BackupBucket):
    """The files of the backup."""

    counted: Calls

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        self.counted.add("backup get")
        return super().get(key, max_bytes=max_bytes)


@dataclass
class EmptyTable:
    """The client of a table that has no rows, and keeps none."""

    calls: Calls
    clock: SetClock

    def get_item(self, **_: Any) -> dict[str, Any]:
        self.calls.add("table get")
        return {}

    def batch_get_item(self, **_: Any) -> dict[str, Any]:
        self.calls.add("table batch get")
        self.clock.instant += PAGE_TAKES
        return {"Responses": {}}

    def transact_write_items(self, **_: Any) -> dict[str, Any]:
        self.calls.add("table transaction")
        return {}


@dataclass
class CountedQueue(WorkQueue):
    """Counts what is sent."""

    calls: Calls

    def send(self, work: Work, *, delay: timedelta = timedelta(0)) -> None:
        self.calls.add("queue")

    def send_all(self, works: Sequence[Work]) -> Sequence[Work]:
        self.calls.add("queue", -(-len(works) // BATCH))
        return ()


def main(folder: Path) -> dict[str, float]:
    """Restore everything."""
    clock, calls = SetClock(), Calls()
    private = EmptyBucket("private", clock=clock, peers={})
    backup = CountedBackup("backup", clock=clock, peers={})
    backup.folder, backup.calls = folder, Counter()
    private.counted = backup.counted = calls
    table = EmptyTable(calls, clock)
    rows = DynamoTable("images", client=lambda: table)
    source = FromBackup(
        library_of=lambda stack: BackupLibrary(store=backup, stack=stack),
        stack="image-store",
        kms_key="",
        images=LostImages(
            repository=DynamoRepository(rows),
            rows=DynamoLostRows(rows),
            private=private,
            check=StorageCheck(private=private, public=None),
            work=CountedQueue(calls),
            clock=clock,
            ids=CountedIds(clock),
            trash_retention=timedelta(days=30),
        ),
        rows=DynamoLostRows(rows),
        clock=clock,
    )
    recovery = RecoveryJob(
        id="restore", kind=RecoveryKind.RESTORE, created_at=clock.now(), updated_at=clock.now()
    )
    before_mb, started, steps = peak_mb(), time.process_time(), 0
    while not recovery.has_ended:
        recovery = source.step(recovery, until=clock.now() + STEP)
        steps += 1
    assert recovery.tally.failed == 0, recovery.tally
    return {
        "seconds": time.process_time() - started,
        "calls": calls.total(),
        "images": recovery.tally.images,
        "repairs": recovery.tally.repairs,
        "steps": steps,
        "memory_mb": peak_mb() - before_mb,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
