"""A client of a table in memory that counts what DynamoDB bills, and for which partition.

A partition of the table, or of an index, has at most 1,000 write units and 3,000 read units a second. Splitting helps a
partition key with many sort keys, but not one whose sort keys only grow: all writes are at one end. Source: the
developer guide, "Best practices for designing and using partition keys effectively".
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from image_store.adapters.dynamodb.items import Item
from tests.benchmarks.sample import PROJECTED, item_size_bytes, read_units
from tests.fakes.dynamodb_client import MemoryDynamo

WRITES_A_SECOND = 1_000
READS_A_SECOND = 3_000
_WRITE_UNIT_BYTES = 1_024
_INDEXES = {"by_owner": "owner_key", "due": "due_shard"}
_WRITTEN_ALONE = ("put_item", "update_item", "delete_item")

Partition = tuple[str, str]
"""The table or an index, and a partition key."""


class TableUnits:
    """The client; `writes` and `reads` have units by partition."""

    def __init__(self, table: MemoryDynamo) -> None:
        self._table = table
        self.writes: Counter[Partition] = Counter()
        self.reads: defaultdict[Partition, float] = defaultdict(float)

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._table, operation)
        if operation in _WRITTEN_ALONE:
            return lambda **request: self._write(call, request, [request], units_for_each=1)
        if operation == "transact_write_items":
            return lambda **request: self._write(
                call,
                request,
                [write for each in request["TransactItems"] for write in each.values()],
                units_for_each=2,
            )
        return lambda **request: self._read(operation, call(**request), request)

    def _write(self, call: Any, request: dict[str, Any], writes: list[Any], *, units_for_each: int) -> Any:
        before = [self._row(write) for write in writes]
        answer = call(**request)
        for write, old in zip(writes, before, strict=True):
            new = self._row(write)
            units = max(1, _write_units(old), _write_units(new))
            self.writes["table", _key_of(write)["pk"]["S"]] += units_for_each * units
            for index, name in _INDEXES.items():
                self._write_index(index, name, old, new)
        return answer

    def _write_index(self, index: str, name: str, old: Item, new: Item) -> None:
        """Indexes follow a write by themselves, so nothing is doubled; a new key is a deletion and a put."""
        old_row, new_row = (self._shown(index, item) if name in item else {} for item in (old, new))
        if old_row == new_row:
            return
        for row in (old_row, new_row) if old_row.get(name) != new_row.get(name) else (new_row or old_row,):
            if row:
                self.writes[index, row[name]["S"]] += _write_units(row)

    def _shown(self, index: str, item: Item) -> Item:
        """What an index holds of an item."""
        shown = {"pk", "sk", "due_shard", "due_at"} if index == "due" else PROJECTED
        return {key: value for key, value in item.items() if key in shown}

    def _row(self, write: dict[str, Any]) -> Item:
        row: Item = self._table.get_item(TableName=write["TableName"], Key=_key_of(write)).get("Item", {})
        return row

    def _read(self, operation: str, answer: Any, request: dict[str, Any]) -> Any:
        match operation:
            case "query":
                consistent = request.get("ConsistentRead", False)
                pk = next(
                    value["S"] for value in request["ExpressionAttributeValues"].values() if "S" in value
                )
                size = sum(map(item_size_bytes, answer["Items"]))
                self.reads[request.get("IndexName", "table"), pk] += read_units(size, consistent=consistent)
            case "get_item":
                self._read_items(
                    [answer.get("Item", {})], [request["Key"]], request.get("ConsistentRead", False)
                )
            case "transact_get_items":
                rows = [each.get("Item", {}) for each in answer["Responses"]]
                row_keys = [each["Get"]["Key"] for each in request["TransactItems"]]
                for _ in range(2):  # a transactional read costs two consistent ones
                    self._read_items(rows, row_keys, consistent=True)
        return answer

    def _read_items(self, rows: Iterable[Item], row_keys: Iterable[Item], consistent: bool) -> None:
        for item, key in zip(rows, row_keys, strict=True):
            self.reads["table", key["pk"]["S"]] += read_units(item_size_bytes(item), consistent=consistent)


def _key_of(write: Mapping[str, Any]) -> Item:
    row = write.get("Key") or write["Item"]
    return {name: row[name] for name in ("pk", "sk")}


def _write_units(item: Item) -> int:
    return ceil(item_size_bytes(item) / _WRITE_UNIT_BYTES)
