"""A DynamoDB table on disk, as far as the repository speaks DynamoDB; no condition is ever refused.

It stands in where thousands of rows are needed and an emulator would take longer than what is measured. Rows lie in
SQLite with a small cache, so that the memory of the process is that of the store and not of its rows. What it costs
itself is counted apart, to be taken off what is measured.
"""

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from image_store.adapters.dynamodb.items import Item
from tests.benchmarks.answers import answer_with
from tests.benchmarks.sample import PROJECTED, get_read_units, query_read_units

_COLUMNS = ("pk", "sk", "owner_key", "id", "due_shard", "due_at")
_RANGES = {None: "sk", "by_owner": "id", "due": "due_at"}
# What template.yaml projects into each index; the table itself holds everything.
_HELD = {"by_owner": PROJECTED, "due": ("pk", "sk", "due_shard", "due_at")}
_BEGINS = re.compile(r"begins_with\((\w+), (:\w+)\)")
_FORM = """
CREATE TABLE item (pk, sk, owner_key, id, due_shard, due_at, body, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE INDEX by_owner ON item (owner_key, id) WHERE owner_key IS NOT NULL;
CREATE INDEX due ON item (due_shard, due_at) WHERE due_shard IS NOT NULL;
"""
# All updates count something that nobody here reads, but for the lease, which wants its token.
_UPDATED = {"Attributes": {"token": {"N": "1"}}}


class DiskTable:
    """Rows by their keys and in both indexes; `read_units` and `own_seconds` grow."""

    def __init__(self, path: Path) -> None:
        """Open a table, or make an empty one."""
        new = not path.exists()
        self._rows = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._rows.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000"
        )
        if new:
            self._rows.executescript(_FORM)
        self._lock = Lock()
        self.read_units = 0.0
        """What gets and queries were billed."""
        self.own_seconds = 0.0
        """The CPU time that standing in took."""

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
                found = self._billed_get(request["Key"], request)
                return {"Item": found} if found is not None else {}
            case "BatchGetItem":
                [(table, wanted)] = request["RequestItems"].items()
                rows = [self._billed_get(key, wanted) for key in wanted["Keys"]]
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
        found = self._get(key)
        self.read_units += get_read_units(found, consistent=request.get("ConsistentRead", False))
        return found

    def _get(self, key: Item) -> Item | None:
        found = self._rows.execute(
            "SELECT body FROM item WHERE pk = ? AND sk = ?", (key["pk"]["S"], key["sk"]["S"])
        ).fetchone()
        return json.loads(found[0]) if found else None

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        """A key condition is an SQL condition once its names and values are put in."""
        assert "FilterExpression" not in request
        condition = _named(request["KeyConditionExpression"], request)
        condition = _BEGINS.sub(r"\1 BETWEEN \2 AND \2 || char(1114111)", condition)
        values = {name[1:]: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        column = _RANGES[request.get("IndexName")]
        forward = request.get("ScanIndexForward", True)
        if "ExclusiveStartKey" in request:
            condition += f" AND {column} {'>' if forward else '<'} :start"
            values["start"] = request["ExclusiveStartKey"][column]["S"]
        answer = self._page(
            f"{condition} ORDER BY {column} {'' if forward else 'DESC'}", values, request.get("Limit", 1_000)
        )
        read = answer["Items"]
        if "IndexName" in request:
            read = [_only(item, _HELD[request["IndexName"]]) for item in read]
        self.read_units += query_read_units(read, consistent=request.get("ConsistentRead", False))
        if "ProjectionExpression" in request:
            names = [name.strip() for name in _named(request["ProjectionExpression"], request).split(",")]
            answer["Items"] = [_only(item, names) for item in answer["Items"]]
        return answer

    def _scan(self, request: dict[str, Any]) -> dict[str, Any]:
        start = request.get("ExclusiveStartKey", {"pk": {"S": ""}, "sk": {"S": ""}})
        values = {"pk": start["pk"]["S"], "sk": start["sk"]["S"]}
        answer = self._page("(pk, sk) > (:pk, :sk) ORDER BY pk, sk", values, request["Limit"])
        (wanted,) = request["ExpressionAttributeValues"].values()
        answer["Items"] = [item for item in answer["Items"] if item["sk"] == wanted]
        return answer

    def _page(self, condition: str, values: dict[str, str], limit: int) -> dict[str, Any]:
        sql = f"SELECT body FROM item WHERE {condition} LIMIT {limit + 1}"  # noqa: S608 - our own words
        found = [json.loads(body) for (body,) in self._rows.execute(sql, values)]
        page = found[:limit]
        answer = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
        if len(found) > limit:
            answer["LastEvaluatedKey"] = _only(page[-1], _COLUMNS)
        return answer


def _named(expression: str, request: Mapping[str, Any]) -> str:
    names = request.get("ExpressionAttributeNames", {})
    return re.sub(r"#\w+", lambda found: names[found[0]], expression)


def _only(item: Item, names: Sequence[str]) -> Item:
    return {name: item[name] for name in names if name in item}


def _sum(value: Mapping[str, Any], before: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if "N" not in value or before is None:
        return value
    return {"N": str(int(value["N"]) + int(before["N"]))}
