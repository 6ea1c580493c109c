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

from image_store.domain.finding.lists import FIELDS
from tests.benchmarks.disk_bucket import DiskBucket
from tests.benchmarks.disk_table import DiskTable
from tests.benchmarks.functions import Functions
from tests.benchmarks.growth_contents import (
    ALSO_COMMON,
    CATEGORY,
    COMMON,
    FOUND,
    GROUP,
    MODEL,
    PROVIDER,
    RARE,
    STORED,
    TRASHED,
    Contents,
)
from tests.benchmarks.sample import OWNER, http_event

ALL_FIELDS = ",".join(FIELDS)
_PAGE = 100
_MOST_PAGES = 50
_MOST_EXAMINED = 2_000
_AGAIN = 20
_DAYS = "from=2025-11-20&to=2025-12-21"
_SOME_DAYS = "from=2025-12-01T00:00:00Z&to=2025-12-11T00:00:00Z"


class Held:
    """A table and a bucket with so many images, and the functions of the store on them."""

    def __init__(self, folder: Path) -> None:
        """Open what `fill` made in this folder."""
        self.table = DiskTable(folder / "table.db")
        self.bucket = DiskBucket(folder / "bucket.db")
        self.functions = Functions(table=self.table.stand_in, objects=self.bucket.stand_in)

    def move_to(self, folder: Path) -> None:
        """Let the same functions, with the same clients, work on what another folder holds."""
        self.close()
        self.table.open(folder / "table.db")
        self.bucket.open(folder / "bucket.db")

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

    def run(self, store: Held) -> float:
        """Do it; answers to how many units."""
        ...


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk through the pages of a route, a hundred images each and fifty pages at most.

    As a "page" counts what holds a hundred images, as a "request" what reads two thousand rows: so the last one, which
    is not full, counts for its part. The latter is for what finds so little that reading ends every page.
    """

    function: str
    path: str
    query: str
    bar: float
    again: int = 1
    unit: str = "page"
    counted: str = "read units"
    contents: Contents = FOUND

    def run(self, store: Held) -> float:
        answered = examined = 0
        query = self.query
        for _ in range(_MOST_PAGES):
            event = http_event("GET", self.path, self.path, query=f"{query}limit={_PAGE}")
            before = store.table.examined_rows
            body: dict[str, Any] = json.loads(store.functions.call(self.function, event)["body"])
            if store.table.examined_rows - before > _MOST_EXAMINED:
                raise RuntimeError(f"{self.path} examined {store.table.examined_rows - before} rows at once.")
            examined += store.table.examined_rows - before
            answered += len(body["items"])
            if body["next_cursor"] is None:
                break
            query = f"{self.query}cursor={quote(body['next_cursor'], safe='')}&"
        return examined / _MOST_EXAMINED if self.unit == "request" else answered / _PAGE


@dataclass(frozen=True, slots=True)
class _Stats:
    """The figures of a month."""

    scope: str
    bar: float
    again: int = _AGAIN
    unit: str = "answer"
    counted: str = "read units"
    contents: Contents = FOUND

    def run(self, store: Held) -> int:
        event = http_event("GET", "/v1/stats", "/v1/stats", query=f"scope={self.scope}&{_DAYS}")
        store.functions.call("stats", event)
        return 1


@dataclass(frozen=True, slots=True)
class _Delete:
    """All images of a group deleted for good, a hundred a request: read, withdraw, delete objects, bury."""

    unit: str = "image"
    counted: str = "calls"
    bar: float = 4.1
    again: int = 1
    contents: Contents = STORED

    def run(self, store: Held) -> int:
        deleted, selection = 0, {"group": GROUP, "permanent": True}
        event = http_event("POST", "/v1/images/batch-delete", "/v1/images/batch-delete")
        event["headers"]["content-type"] = "application/json"
        while True:
            body = store.functions.call("delete", event | {"body": json.dumps(selection)})["body"]
            answer: dict[str, Any] = json.loads(body)
            if answer["failed"]:
                raise RuntimeError(f"{answer['failed'][0]}")
            deleted += len(answer["successful"])
            if answer["next_cursor"] is None:
                return deleted
            selection["cursor"] = answer["next_cursor"]


@dataclass(frozen=True, slots=True)
class _Cleanup:
    """One run of cleanup whose images have all been in the trash for long enough: as deletion, and the sweeps."""

    unit: str = "image"
    counted: str = "calls"
    bar: float = 4.1
    again: int = 1
    contents: Contents = TRASHED

    def run(self, store: Held) -> int:
        application = store.functions.application
        until = application.clock.now() + timedelta(hours=1)
        # Whatever earlier runs looked at is looked at again, as it would be days later.
        return application.upkeep.cleanup.run(until=until, reconcile=True).trash


def _list(query: str, *, bar: float, unit: str = "page") -> _Walk:
    """A list that is asked for like this."""
    return _Walk("list", "/v1/images", f"{query}&" if query else "", bar, unit=unit)


def _search(word: str, *, bar: float, query: str = "", again: int = 1, unit: str = "page") -> _Walk:
    """A search for two words, and what else is asked for; the first word is in all images."""
    query_string = f"q={COMMON}%20{word}&{f'{query}&' if query else ''}"
    return _Walk("search", "/v1/search", query_string, bar, again, unit)


OPERATIONS: dict[str, Operation] = {
    # One Query holds exactly what is asked for.
    "list": _list("", bar=8),
    "list_ascending": _list("order=asc", bar=8),
    "list_dates": _list(_SOME_DAYS, bar=8),
    "list_tag": _list(f"tag={COMMON}", bar=8),
    "list_category": _list(f"category={CATEGORY}", bar=8),
    "list_model": _list(f"model={MODEL}", bar=8),
    # Rows of lists hold these fields; for the others one more row of each image is read.
    "list_fields": _list("fields=model,provider,owner_id,renditions", bar=8),
    "list_all_fields": _list(f"fields={ALL_FIELDS}", bar=60),
    # Rows are filtered after they were read: nearly all, half, a quarter, a seventh, a ninth of them are left.
    "list_kind": _list("kind=generated", bar=10),
    "list_visibility": _list("visibility=private", bar=18),
    "list_provider": _list(f"provider={PROVIDER}", bar=36),
    "list_group_category": _list(f"group={GROUP}&category={CATEGORY}", bar=60),
    "list_tag_kind": _list(f"tag={COMMON}&kind=upload", bar=75),
    # Of a thousand rows one is left: two thousand, of 8 units a hundred at most, end the page.
    "list_kind_rare": _list("kind=reference", bar=160, unit="request"),
    "list_tag_kind_rare": _list(f"tag={COMMON}&kind=reference", bar=160, unit="request"),
    "search": _search(ALSO_COMMON, bar=60),
    "search_rare": _search(RARE, bar=60, again=_AGAIN),
    "search_kind": _search(ALSO_COMMON, query="kind=upload", bar=110),
    "search_kind_rare": _search(ALSO_COMMON, query="kind=reference", bar=100, unit="request"),
    "feed": _Walk("feed", "/v1/feed", "", bar=8),
    "feed_group": _Walk("feed", "/v1/feed", f"group={quote(GROUP)}&", bar=8),
    # Without FeedDetails the feed reads no details.
    "feed_all_fields": _Walk("feed", "/v1/feed", f"fields={ALL_FIELDS}&", bar=8),
    "feed_owner": _Walk("feed", "/v1/feed", f"owner={OWNER}&", bar=8),
    "stats": _Stats("own", bar=5),
    "stats_all": _Stats("all", bar=20),
    "delete": _Delete(),
    "cleanup": _Cleanup(),
}
