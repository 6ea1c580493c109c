"""What the store does whose cost must not grow with what it holds: one entry each.

Handlers, services and adapters are the real ones; only sockets, table and bucket are not. An emulator would need
minutes for what is measured here, and the fakes of the tests would leave out botocore, where most of the time goes.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from image_store.adapters.dynamodb import items
from image_store.domain.image import Record, State
from tests.benchmarks.disk_bucket import DiskBucket
from tests.benchmarks.disk_table import DiskTable
from tests.benchmarks.functions import Functions
from tests.benchmarks.sample import http_event, record

_PAGE = 100
_GROUP = "conversation:c1"
_TRASHED_FOR = timedelta(days=7)


class Held:
    """A table and a bucket with so many images, and the functions of the store on them."""

    def __init__(self, folder: Path) -> None:
        """Open what `fill` made in this folder."""
        self.table = DiskTable(folder / "table.db")
        self.bucket = DiskBucket(folder / "bucket.db")
        self.functions = Functions(table=self.table.stand_in, objects=self.bucket.stand_in)

    def close(self) -> None:
        """Close table and bucket."""
        self.table.close()
        self.bucket.close()

    @property
    def own_ms(self) -> float:
        """The CPU time that standing in took, in milliseconds."""
        return (self.table.own_seconds + self.bucket.own_seconds) * 1000


class Operation(Protocol):
    """Something the store does to all images of an owner."""

    @property
    def unit(self) -> str:
        """What its cost is told by."""
        ...

    @property
    def counted(self) -> str:
        """What is counted for each unit: "calls" or "read units"."""
        ...

    @property
    def bar(self) -> float:
        """The most of that for each unit."""
        ...

    def sample(self, index: int) -> Record:
        """One of the images it finds."""
        ...

    def run(self, held: Held) -> int:
        """Do it to all of them; answers how many units that was."""
        ...


def fill(folder: Path, operation: Operation, indexes: Sequence[int]) -> None:
    """Add images to a table and a bucket, which are made if they are not there."""
    made = [operation.sample(index) for index in indexes]
    with (
        closing(DiskTable(folder / "table.db")) as table,
        closing(DiskBucket(folder / "bucket.db")) as bucket,
    ):
        table.put(row for sample in made for row in items.rows_of(sample).values())
        bucket.put(key for sample in made for key in sample.image.private_keys)


@dataclass(frozen=True, slots=True)
class _List:
    """A walk through all pages of an owner's list."""

    unit: str = "page"
    counted: str = "read units"
    bar: float = 8

    def sample(self, index: int) -> Record:
        return record(index)

    def run(self, held: Held) -> int:
        pages, query = 0, f"limit={_PAGE}"
        while True:
            answer = held.functions.call("list", http_event("GET", "/v1/images", "/v1/images", query=query))
            pages += 1
            cursor = json.loads(answer["body"])["next_cursor"]
            if cursor is None:
                return pages
            query = f"limit={_PAGE}&cursor={quote(cursor, safe='')}"


@dataclass(frozen=True, slots=True)
class _Delete:
    """All images of a group deleted for good, a hundred a request: read, withdraw, delete objects, bury."""

    unit: str = "image"
    counted: str = "calls"
    bar: float = 4.1

    def sample(self, index: int) -> Record:
        return record(index)

    def run(self, held: Held) -> int:
        deleted, asked = 0, {"group": _GROUP, "permanent": True}
        event = http_event("POST", "/v1/images/batch-delete", "/v1/images/batch-delete")
        event["headers"]["content-type"] = "application/json"
        while True:
            body = held.functions.call("delete", event | {"body": json.dumps(asked)})["body"]
            answer: dict[str, Any] = json.loads(body)
            deleted += len(answer["successful"])
            if answer["next_cursor"] is None:
                return deleted
            asked["cursor"] = answer["next_cursor"]


@dataclass(frozen=True, slots=True)
class _Cleanup:
    """One run of cleanup whose images have all been in the trash for long enough: as deletion, and the sweeps."""

    unit: str = "image"
    counted: str = "calls"
    bar: float = 4.1

    def sample(self, index: int) -> Record:
        made = record(index)
        due_at = made.image.created_at + _TRASHED_FOR
        return replace(made, image=replace(made.image, state=State.TRASHED, due_at=due_at))

    def run(self, held: Held) -> int:
        application = held.functions.application
        until = application.clock.now() + timedelta(hours=1)
        # Whatever earlier runs looked at is looked at again, as it would be days later.
        return application.cleanup.run(until=until, reconcile=True).trash


OPERATIONS: dict[str, Callable[[], Operation]] = {"list": _List, "delete": _Delete, "cleanup": _Cleanup}
