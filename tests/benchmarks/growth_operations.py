"""What the store does whose cost must not grow with what it holds: one entry each.

Handlers, services and adapters are the real ones; only sockets, table and bucket are not. An emulator would need
minutes for what is measured here, and the fakes of the tests would leave out botocore, where most of the time goes.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from tests.benchmarks.disk_bucket import DiskBucket
from tests.benchmarks.disk_table import DiskTable
from tests.benchmarks.functions import Functions
from tests.benchmarks.growth_contents import ALSO_COMMON, COMMON, FOUND, RARE, STORED, TRASHED, Contents
from tests.benchmarks.sample import http_event

_PAGE = 100
_GROUP = "conversation:c1"
_MOST_PAGES = 100
_AGAIN = 20
_DAYS = "from=2025-11-20&to=2025-12-21"


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
    """Something the store does on what it holds."""

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

    @property
    def again(self) -> int:
        """How often it is done to tell its CPU time, which would otherwise be too short to be compared."""
        ...

    @property
    def contents(self) -> Contents:
        """What it does it to."""
        ...

    def run(self, held: Held) -> float:
        """Do it; answers to how many units."""
        ...


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk through the pages of a route, a hundred images each and a hundred pages at most."""

    function: str
    path: str
    query: str
    bar: float
    again: int = 1
    unit: str = "page"
    counted: str = "read units"
    contents: Contents = FOUND

    def run(self, held: Held) -> float:
        # A last page that is not full counts for what it holds.
        answered, query = 0, self.query
        for _ in range(_MOST_PAGES):
            event = http_event("GET", self.path, self.path, query=f"{query}limit={_PAGE}")
            body: dict[str, Any] = json.loads(held.functions.call(self.function, event)["body"])
            answered += len(body["items"])
            if body["next_cursor"] is None:
                break
            query = f"{self.query}cursor={quote(body['next_cursor'], safe='')}&"
        return answered / _PAGE


@dataclass(frozen=True, slots=True)
class _Stats:
    """The figures of a month."""

    scope: str
    bar: float
    again: int = _AGAIN
    unit: str = "answer"
    counted: str = "read units"
    contents: Contents = FOUND

    def run(self, held: Held) -> int:
        event = http_event("GET", "/v1/stats", "/v1/stats", query=f"scope={self.scope}&{_DAYS}")
        held.functions.call("stats", event)
        return 1


@dataclass(frozen=True, slots=True)
class _Delete:
    """All images of a group deleted for good, a hundred a request: read, withdraw, delete objects, bury."""

    unit: str = "image"
    counted: str = "calls"
    bar: float = 4.1
    again: int = 1
    contents: Contents = STORED

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
    again: int = 1
    contents: Contents = TRASHED

    def run(self, held: Held) -> int:
        application = held.functions.application
        until = application.clock.now() + timedelta(hours=1)
        # Whatever earlier runs looked at is looked at again, as it would be days later.
        return application.cleanup.run(until=until, reconcile=True).trash


def _search(word: str, *, bar: float, again: int = 1) -> _Walk:
    """A search for two words; the first is in all images."""
    return _Walk("search", "/v1/search", f"q={COMMON}%20{word}&", bar, again)


OPERATIONS: dict[str, Operation] = {
    "list": _Walk("list", "/v1/images", "", bar=8),
    "list_tag": _Walk("list", "/v1/images", f"tag={COMMON}&", bar=8),
    "search": _search(ALSO_COMMON, bar=120),
    "search_rare": _search(RARE, bar=120, again=_AGAIN),
    "feed": _Walk("feed", "/v1/feed", "", bar=110),
    "stats": _Stats("own", bar=5),
    "stats_all": _Stats("all", bar=20),
    "delete": _Delete(),
    "cleanup": _Cleanup(),
}
