"""A DynamoDB table on disk, as far as the repository speaks DynamoDB; no condition is ever refused.

It stands in where thousands of rows are needed and an emulator would take longer than what is measured. Rows lie in
SQLite with a small cache, so that the memory of the process is that of the store and not of its rows. What it costs
itself is counted apart, to be taken off what is measured.
"""

import json
import re
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from image_store.adapters.dynamodb.items import Item
from tests.benchmarks.answers import answer_with
from tests.benchmarks.sample import PROJECTED, get_read_units, item_size_bytes, read_units
from tests.fakes import expressions

_COLUMNS = ("pk", "sk", "owner_key", "id", "due_shard", "due_at")
_RANGES = {None: "sk", "by_owner": "id", "due": "due_at"}
_KEYS = {
    None: ("pk", "sk"),
    "by_owner": ("pk", "sk", "owner_key", "id"),
    "due": ("pk", "sk", "due_shard", "due_at"),
}
# What template.yaml projects into each index; the table itself holds everything.
_HELD = {"by_owner": PROJECTED, "due": _KEYS["due"]}
_PAGE_BYTES = 1_048_576
_BEGINS = re.compile(r"begins_with\((\w+), (:\w+)\)")
_FORM = """
CREATE TABLE item (pk, sk, owner_key, id, due_shard, due_at, body, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE INDEX by_owner ON item (owner_key, id) WHERE owner_key IS NOT NULL;
CREATE INDEX due ON item (due_shard, due_at) WHERE due_shard IS NOT NULL;
"""
# All updates count something that nobody here reads, but for the lease, which wants its token.
_UPDATED = {"Attributes": {"token": {"N": "1"}}}


class DiskTable:
    """Rows by their keys and in both indexes; `read_units`, `examined_rows` and `own_seconds` grow."""

    def __init__(self, path: Path) -> None:
        """Open a table, or make an empty one."""
        self.open(path)
        self._lock = Lock()
        self.read_units = 0.0
        """What gets, queries and scans were billed."""
        self.examined_rows = 0
        """How many rows queries and scans read, whatever a filter left of them."""
        self.own_seconds = 0.0
        """The CPU time that standing in took."""

    def open(self, path: Path) -> None:
        """Hold the rows of another file from now on."""
        new = not path.exists()
        self._rows = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._rows.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000"
        )
        if new:
            self._rows.executescript(_FORM)

    def close(self) -> None:
        """Close what it lies in."""
        self._rows.close()

    def put(self, items: Iterable[Item]) -> None:
        """Write rows without being asked through a client."""
        columns = ([*(item.get(name, {}).get("S") for name in _COLUMNS), json.dumps(item)] for item in items)
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?)", columns)
        self._rows.execute("COMMIT")

    def add(self, items: Iterable[Item]) -> None:
        """Write rows whose numbers are added to those that are there."""
        sums = []
        for item in items:
            before = self._get(item) or {}
            sums.append(before | {name: _sum(value, before.get(name)) for name, value in item.items()})
        self.put(sums)

    def stand_in(self, client: Any) -> list[str]:
        """Take the place of the table behind a client."""
        return answer_with(client, self._answer)

    def _answer(self, operation: str, body: bytes) -> bytes:
        with self._lock:
            started = time.thread_time()
            answer = json.dumps(self._answer_to(operation, json.loads(body))).encode()
            self.own_seconds += time.thread_time() - started
        return answer

    def _answer_to(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "GetItem":
                item = self._billed_get(request["Key"], request)
                return {"Item": item} if item is not None else {}
            case "BatchGetItem":
                [(table, keys_of_table)] = request["RequestItems"].items()
                rows = [self._billed_get(key, keys_of_table) for key in keys_of_table["Keys"]]
                return {"Responses": {table: [row for row in rows if row is not None]}}
            case "Query":
                return self._query(request)
            case "Scan":
                return self._scan(request)
            case "TransactWriteItems":
                for write in request["TransactItems"]:
                    self._write(write)
                return {}
            case "UpdateItem":
                return _UPDATED
        raise NotImplementedError(operation)

    def _write(self, write: Mapping[str, Mapping[str, Any]]) -> None:
        if "Put" in write:
            self.put([write["Put"]["Item"]])
        elif "Delete" in write:
            key = write["Delete"]["Key"]
            self._rows.execute("DELETE FROM item WHERE pk = ? AND sk = ?", (key["pk"]["S"], key["sk"]["S"]))

    def _billed_get(self, key: Item, request: Mapping[str, Any]) -> Item | None:
        item = self._get(key)
        self.read_units += get_read_units(item, consistent=request.get("ConsistentRead", False))
        return item

    def _get(self, key: Item) -> Item | None:
        rows = self._rows.execute(
            "SELECT body FROM item WHERE pk = ? AND sk = ?", (key["pk"]["S"], key["sk"]["S"])
        ).fetchone()
        return json.loads(rows[0]) if rows else None

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        """A key condition is an SQL condition once its names and values are put in."""
        condition = _named(request["KeyConditionExpression"], request)
        condition = _BEGINS.sub(r"\1 BETWEEN \2 AND \2 || char(1114111)", condition)
        given = request["ExpressionAttributeValues"]
        values = {name[1:]: value["S"] for name, value in given.items() if "S" in value}
        column = _RANGES[request.get("IndexName")]
        forward = request.get("ScanIndexForward", True)
        if "ExclusiveStartKey" in request:
            condition += f" AND {column} {'>' if forward else '<'} :start"
            values["start"] = request["ExclusiveStartKey"][column]["S"]
        return self._page(f"{condition} ORDER BY {column} {'' if forward else 'DESC'}", values, request)

    def _scan(self, request: dict[str, Any]) -> dict[str, Any]:
        start = request.get("ExclusiveStartKey", {"pk": {"S": ""}, "sk": {"S": ""}})
        values = {"pk": start["pk"]["S"], "sk": start["sk"]["S"]}
        return self._page("(pk, sk) > (:pk, :sk) ORDER BY pk, sk", values, request)

    def _page(self, condition: str, values: dict[str, str], request: dict[str, Any]) -> dict[str, Any]:
        """Rows up to the limit or 1 MB, which are billed; then what the filter leaves of them is answered."""
        index = request.get("IndexName")
        limit = request.get("Limit")
        read: list[Item] = []
        size_bytes = 0
        last: Item | None = None
        sql = f"SELECT body FROM item WHERE {condition}"  # noqa: S608 - our own words
        rows = self._rows.execute(sql, values)
        for (body,) in rows:
            item = json.loads(body)
            read.append(_only(item, _HELD[index]) if index else item)
            size_bytes += item_size_bytes(read[-1])
            # As DynamoDB does: a read that ends at its limit does not know whether there is more.
            if len(read) == limit or size_bytes >= _PAGE_BYTES:
                last = _only(item, _KEYS[index])
                break
        rows.close()
        self.examined_rows += len(read)
        self.read_units += read_units(size_bytes, consistent=request.get("ConsistentRead", False))
        shown = _shown(read, request)
        answer = {"Items": shown, "Count": len(shown), "ScannedCount": len(read)}
        return answer | ({"LastEvaluatedKey": last} if last is not None else {})


def _shown(read: list[Item], request: Mapping[str, Any]) -> list[Item]:
    """What filter and projection leave of the rows that were read."""
    if "FilterExpression" in request:
        names = tuple(sorted(request.get("ExpressionAttributeNames", {}).items()))
        meets = expressions.condition(request["FilterExpression"], names)
        read = [item for item in read if meets(item, request["ExpressionAttributeValues"])]
    if "ProjectionExpression" in request:
        chosen = [name.strip() for name in _named(request["ProjectionExpression"], request).split(",")]
        read = [_only(item, chosen) for item in read]
    return read


def _named(expression: str, request: Mapping[str, Any]) -> str:
    names = request.get("ExpressionAttributeNames", {})
    return re.sub(r"#\w+", lambda rows: names[rows[0]], expression)


def _only(item: Item, names: Collection[str]) -> Item:
    return {name: item[name] for name in names if name in item}


def _sum(value: Mapping[str, Any], before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if "N" not in value or before is None:
        return value
    return {"N": str(int(value["N"]) + int(before["N"]))}
