"""A child process that backs up as many images as it is told, and prints calls, CPU time and peak memory as JSON.

Run as `python -m tests.benchmarks.backup_child IMAGES FOLDER`. The folder has the files of the backup then.
"""

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.images import records
from image_store.domain.backup.jobs import BackupJob, BackupState, BackupTask
from image_store.domain.backup.lines import image_entity
from image_store.domain.backup.manifest import Origin
from image_store.domain.upkeep.cleanup import Lease
from image_store.ports.backup import BackupRows, BackupSource, BackupStates, ChangeOutbox, NotedChange
from image_store.ports.objects import ObjectMissing, StoredObject
from image_store.services.backup.library import BackupLibrary
from image_store.services.backup.originals import OriginalCopies
from image_store.services.backup.requests import new_job
from image_store.services.backup.retention import BackupRetention
from image_store.services.backup.run import BackupRun
from tests.benchmarks.measurement import peak_mb
from tests.benchmarks.sample import sample_image
from tests.fakes.clock import CountedIds, SetClock
from tests.fakes.object_store import MemoryBucket
from tests.fakes.repository import MemoryRepository

DATA = b"a picture of few bytes"
SHA256 = hashlib.sha256(DATA).hexdigest()
PAGE = 50
"""Images on a page of a scan: one row in 39 is a record."""


class PrivateBucket(MemoryBucket):
    """Every key has the same bytes."""

    calls: Counter[str]

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        self.calls["private get"] += 1
        return DATA


class BackupBucket(MemoryBucket):
    """Keeps its files in a folder; of originals it only knows whether they are there, which they are after a pass."""

    calls: Counter[str]
    folder: Path
    has_originals = False

    def head(self, key: str) -> StoredObject | None:
        self.calls["backup head"] += 1
        at = self._clock.now()
        if "/objects/" not in key:
            path = self.folder / key
            return StoredObject(key, path.stat().st_size, at, '"0"', {}) if path.exists() else None
        return StoredObject(key, len(DATA), at, '"0"', {"sha256": SHA256}) if self.has_originals else None

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        self.calls["backup put"] += 1
        if "/objects/" not in key:
            path = self.folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        self.calls["backup get"] += 1
        if "/objects/" in key:
            return DATA
        path = self.folder / key
        if not path.exists():
            raise ObjectMissing
        return path.read_bytes()

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        self.calls["backup list"] += 1
        at = self._clock.now()
        keys = (str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
        return (
            StoredObject(key, (self.folder / key).stat().st_size, at)
            for key in sorted(keys)
            if key.startswith(prefix) and key > (after or "")
        )


@dataclass
class MadeUpRows(BackupRows, ChangeOutbox):
    """So many images, of which each tenth has changed."""

    images: int
    calls: Counter[str]
    changed: bool = False

    def read(self, entities: Collection[str]) -> Mapping[str, BackupSource]:
        self.calls["table"] += 1
        return {entity: self._source(int(entity.rpartition("-")[2], 16)) for entity in entities}

    def scan(self, *, after: str | None, at: datetime) -> tuple[Sequence[str], str | None]:
        self.calls["table"] += 1
        first = int(after or 0)
        last = min(first + PAGE, self.images)
        return [_entity(n) for n in range(first, last)], str(last) if last < self.images else None

    def note(self, entity: str, *, at: datetime) -> None:
        raise NotImplementedError

    def changes(self, *, before: datetime) -> Iterator[NotedChange]:
        if self.changed:
            for number in range(0, self.images, 10):
                self.calls["table"] += number % 1_000 == 0
                yield NotedChange(_entity(number), "m")

    def settle(self, changes: Collection[NotedChange]) -> None:
        self.calls["table"] += len(changes)

    def _source(self, number: int) -> BackupSource:
        image = sample_image(number)
        record = replace(image.record, id=_id(number), size_bytes=len(DATA), sha256=SHA256)
        rows = records.rows_of(replace(image, record=record))
        pk = keys.image(record.id)
        return BackupSource({sk: rows[pk, sk] for sk in (keys.META, keys.DETAIL)}, record)


@dataclass
class KeptState(BackupStates):
    """The state of the one run."""

    current: BackupState
    calls: Counter[str]
    saved: list[int] = field(default_factory=list)

    def take_lease(self, *, holder: str, at: datetime, until: datetime) -> Lease | None:
        raise NotImplementedError

    def end_lease(self, lease: Lease) -> None:
        raise NotImplementedError

    def state(self, *, at: datetime) -> BackupState:
        return self.current

    def known_state(self) -> BackupState | None:
        raise NotImplementedError

    def save_state(self, state: BackupState, lease: Lease) -> None:
        self.calls["table"] += 1
        self.current = state

    def create_job(self, job: BackupJob) -> None:
        raise NotImplementedError

    def job(self, job_id: str) -> BackupJob | None:
        raise NotImplementedError

    def save_job(self, after: BackupJob, *, step: int) -> None:
        raise NotImplementedError

    def jobs(self, *, limit: int) -> Sequence[BackupJob]:
        raise NotImplementedError


def _id(number: int) -> str:
    return f"019ca945-0a00-7000-8000-{number:012x}"


def _entity(number: int) -> str:
    return image_entity(_id(number))


def main(images: int, folder: Path) -> dict[str, float]:
    """Back up everything, then a tenth as changed."""
    clock = SetClock()
    calls: Counter[str] = Counter()
    private = PrivateBucket("private", clock=clock, peers={})
    backup = BackupBucket("backup", clock=clock, peers={})
    private.calls = backup.calls = calls
    backup.folder = folder
    library = BackupLibrary(store=backup, stack="image-store")
    rows = MadeUpRows(images, calls)
    ids = CountedIds(clock)
    run = BackupRun(
        library=library,
        outbox=rows,
        rows=rows,
        states=KeptState(BackupState(created_at=clock.now()), calls),
        copies=OriginalCopies(private=private, library=library, now=clock.now),
        retention=BackupRetention(
            library=library,
            repository=MemoryRepository(policies_after_save=False),
            retention=timedelta(days=30),
            clock=clock,
            ids=ids,
        ),
        origin=Origin(stack="image-store", table="images", kms_key="", schema_version=2),
        clock=clock,
        ids=ids,
    )
    cost: dict[str, float] = {}
    before_mb = peak_mb()
    for name in ("full", "changes"):
        calls.clear()
        clock.instant += timedelta(hours=1)
        started = time.process_time()
        job = new_job(ids.image_id(), clock.now(), BackupTask.RUN)
        job = run.carry_on(job, Lease("one", 1), until=clock.now() + timedelta(hours=1))
        assert job.status == "succeeded", job
        cost[f"{name}_seconds"] = time.process_time() - started
        cost[f"{name}_calls"] = calls.total()
        cost[f"{name}_images"] = job.tally.images
        backup.has_originals = rows.changed = True
    return cost | {"memory_mb": peak_mb() - before_mb}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))))
