"""A client of a DynamoDB in memory: as moto's, whose answers it shares a contract with, and many times as fast.

It knows the operations and parameters that the store uses and refuses all others.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.fakes import expressions
from tests.fakes.expressions import Item, NoExpression, Values, comparable

if TYPE_CHECKING:
    from collections.abc import Callable

type RowKey = tuple[str, str]
type Request = dict[str, Any]

_BATCH_GET_KEYS = 100
_BATCH_WRITE_ROWS = 25
_TRANSACTION_WRITES = 100
_WRITES = {
    "Put": {"TableName", "Item"},
    "Update": {"TableName", "Key", "UpdateExpression"},
    "Delete": {"TableName", "Key"},
    "ConditionCheck": {"TableName", "Key"},
}
_CONDITION = {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_READ = {
    "TableName",
    "ConsistentRead",
    "ExclusiveStartKey",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "FilterExpression",
    "Limit",
    "ProjectionExpression",
}
_QUERY = {*_READ, "IndexName", "KeyConditionExpression", "ScanIndexForward", "Select"}


@dataclass(frozen=True, slots=True)
class Index:
    """A table's own order, or that of one of its global indexes."""

    hash_name: str
    range_name: str
    projected: frozenset[str] | None = None
    """None when everything is."""

    def position(self, item: Item) -> tuple[Any, ...] | None:
        """Where an item stands; None when it is not in this index."""
        if self.hash_name not in item or self.range_name not in item:
            return None
        return (
            item[self.hash_name]["S"],
            comparable(item[self.range_name]),
            item["pk"]["S"],
            item["sk"]["S"],
        )

    def key_of(self, item: Item) -> Item:
        """The attributes by which a read goes on behind an item."""
        return {name: item[name] for name in {"pk", "sk", self.hash_name, self.range_name}}

    def shown(self, item: Item) -> Item:
        """What the index holds of an item."""
        if self.projected is None:
            return dict(item)
        return {name: item[name] for name in item.keys() & self.projected}


@dataclass(slots=True)
class Table:
    """Rows in memory, under their keys."""

    indexes: dict[str | None, Index]
    rows: dict[RowKey, Item] = field(default_factory=dict)


def _error(operation: str, code: str, message: str, **more: Any) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(answer, operation)


class MemoryDynamo:
    """The client; its calls wait for each other, as writes do in DynamoDB."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._lock = Lock()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = _OPERATIONS[operation]

        def call(**request: Any) -> Any:
            with self._lock:
                try:
                    return method(self, request)
                except NoExpression as error:
                    raise _error(operation, "ValidationException", str(error)) from error

        return call

    def backup(self, table: str) -> dict[RowKey, Item]:
        """All rows of a table as they are now."""
        with self._lock:
            return _copied(self._tables[table].rows)

    def restore(self, table: str, rows: dict[RowKey, Item]) -> None:
        """Make a table what it was, as a restore from a backup does."""
        with self._lock:
            self._tables[table].rows = _copied(rows)

    # Reads --------------------------------------------------------------------------------------------

    def _get(self, request: Request) -> Request:
        _allow(request, {"TableName", "Key", "ConsistentRead"})
        item = self._table(request).rows.get(_row_key(request["Key"]))
        return {} if item is None else {"Item": dict(item)}

    def _batch_get(self, request: Request) -> Request:
        _allow(request, {"RequestItems"})
        responses = {}
        for name, part in request["RequestItems"].items():
            _allow(part, {"Keys", "ConsistentRead"})
            row_keys = [_row_key(key) for key in part["Keys"]]
            if not 0 < len(row_keys) <= _BATCH_GET_KEYS or len(set(row_keys)) < len(row_keys):
                raise NoExpression("keys: none, too many or twice the same")
            rows = self._tables[name].rows
            responses[name] = [dict(rows[key]) for key in row_keys if key in rows]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _get_together(self, request: Request) -> Request:
        _allow(request, {"TransactItems"})
        for each in request["TransactItems"]:
            _allow(each, {"Get"})
            _allow(each["Get"], {"TableName", "Key"})
        return {"Responses": [self._get(each["Get"]) for each in request["TransactItems"]]}

    def _query(self, request: Request) -> Request:
        _allow(request, _QUERY)
        table = self._table(request)
        index = table.indexes[request.get("IndexName")]
        if request.get("IndexName") and request.get("ConsistentRead"):
            raise NoExpression("an index is never consistent")
        condition = expressions.condition(request["KeyConditionExpression"], _names(request))
        values: Values = request.get("ExpressionAttributeValues", {})
        return _page(index, table, request, lambda item: condition(item, values))

    def _scan(self, request: Request) -> Request:
        _allow(request, _READ)
        table = self._table(request)
        return _page(table.indexes[None], table, request, lambda _: True)

    # Writes -------------------------------------------------------------------------------------------

    def _create_table(self, request: Request) -> Request:
        indexes: dict[str | None, Index] = {None: Index(*_key_names(request))}
        for index in request.get("GlobalSecondaryIndexes", ()):
            hash_name, range_name = _key_names(index)
            names = {"pk", "sk", hash_name, range_name, *index["Projection"].get("NonKeyAttributes", ())}
            everything = index["Projection"]["ProjectionType"] == "ALL"
            indexes[index["IndexName"]] = Index(
                hash_name, range_name, None if everything else frozenset(names)
            )
        self._tables[request["TableName"]] = Table(indexes)
        return {}

    def _put(self, request: Request) -> Request:
        return self._write("Put", request)

    def _delete(self, request: Request) -> Request:
        return self._write("Delete", request)

    def _update(self, request: Request) -> Request:
        return_values = request.pop("ReturnValues", "NONE")
        self._write("Update", request)
        if return_values == "NONE":
            return {}
        if return_values not in {"UPDATED_NEW", "ALL_NEW"}:
            raise NoExpression(f"ReturnValues {return_values}")
        row = self._table(request).rows[_row_key(request["Key"])]
        if return_values == "ALL_NEW":
            return {"Attributes": dict(row)}
        changed = {request.get("ExpressionAttributeNames", {}).get(name, name) for name in _words(request)}
        return {"Attributes": {name: row[name] for name in row.keys() & changed}}

    def _write(self, kind: str, request: Request) -> Request:
        apply = self._prepared(kind, request)
        if apply is None:
            raise _error(kind, "ConditionalCheckFailedException", "The conditional request failed")
        apply()
        return {}

    def _transact(self, request: Request) -> Request:
        _allow(request, {"TransactItems"})
        writes = [(kind, write) for each in request["TransactItems"] for kind, write in each.items()]
        touched = {(write["TableName"], _row_key(write.get("Key") or write["Item"])) for _, write in writes}
        if not 0 < len(writes) <= _TRANSACTION_WRITES or len(touched) < len(writes):
            raise NoExpression("a transaction: no writes, too many, or two of one row")
        prepared = [self._prepared(kind, write) for kind, write in writes]
        if None in prepared:
            reasons = [{"Code": "None" if apply else "ConditionalCheckFailed"} for apply in prepared]
            raise _error(
                "TransactWriteItems",
                "TransactionCanceledException",
                "Transaction cancelled",
                CancellationReasons=reasons,
            )
        for apply in prepared:
            assert apply is not None
            apply()
        return {}

    def _batch_write(self, request: Request) -> Request:
        _allow(request, {"RequestItems"})
        for name, requests in request["RequestItems"].items():
            items = [each["PutRequest"]["Item"] for each in requests]
            if not 0 < len(items) <= _BATCH_WRITE_ROWS or len({_row_key(item) for item in items}) < len(
                items
            ):
                raise NoExpression("rows: none, too many or twice the same")
            for item in items:
                self._tables[name].rows[_row_key(item)] = dict(item)
        return {"UnprocessedItems": {}}

    def _prepared(self, kind: str, request: Request) -> Callable[[], None] | None:
        """What a write will do; None when its condition does not hold."""
        _allow(request, _WRITES[kind] | _CONDITION)
        rows = self._table(request).rows
        row_key = _row_key(request.get("Key") or request["Item"])
        names, values = _names(request), request.get("ExpressionAttributeValues", {})
        texts = [request[name] for name in ("ConditionExpression", "UpdateExpression") if name in request]
        expressions.check_used(texts, dict(names), values)
        stored_item = rows.get(row_key)
        if "ConditionExpression" in request:
            holds = expressions.condition(request["ConditionExpression"], names)
            if not holds(stored_item or {}, values):
                return None
        match kind:
            case "Put":
                return lambda: rows.__setitem__(row_key, dict(request["Item"]))
            case "Delete":
                return lambda: _remove(rows, row_key)
            case "Update":
                before = stored_item or dict(request["Key"])
                after = dict(before)
                expressions.update(request["UpdateExpression"], names)(before, after, values)
                return lambda: rows.__setitem__(row_key, after)
        return lambda: None

    def _table(self, request: Request) -> Table:
        return self._tables[request["TableName"]]


_OPERATIONS: dict[str, Callable[[MemoryDynamo, Request], Request]] = {
    "batch_get_item": MemoryDynamo._batch_get,  # noqa: SLF001 - this module's own
    "batch_write_item": MemoryDynamo._batch_write,  # noqa: SLF001 - as above
    "create_table": MemoryDynamo._create_table,  # noqa: SLF001 - as above
    "delete_item": MemoryDynamo._delete,  # noqa: SLF001 - as above
    "get_item": MemoryDynamo._get,  # noqa: SLF001 - as above
    "put_item": MemoryDynamo._put,  # noqa: SLF001 - as above
    "query": MemoryDynamo._query,  # noqa: SLF001 - as above
    "scan": MemoryDynamo._scan,  # noqa: SLF001 - as above
    "transact_get_items": MemoryDynamo._get_together,  # noqa: SLF001 - as above
    "transact_write_items": MemoryDynamo._transact,  # noqa: SLF001 - as above
    "update_item": MemoryDynamo._update,  # noqa: SLF001 - as above
}


def _page(index: Index, table: Table, request: Request, is_match: Callable[[Item], bool]) -> Request:
    """The rows of a read in their order, from its start to its limit; the filter comes after the limit."""
    names, values = _names(request), request.get("ExpressionAttributeValues", {})
    texts = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")
    expressions.check_used([request[name] for name in texts if name in request], dict(names), values)
    ordered = sorted(
        (position, item)
        for item in table.rows.values()
        if is_match(item) and (position := index.position(item)) is not None
    )
    positions = [position for position, _ in ordered]
    items = [index.shown(item) for _, item in ordered]
    start = request.get("ExclusiveStartKey")
    behind = index.position(start) if start is not None else None
    if request.get("ScanIndexForward", True):
        items = items[bisect_right(positions, behind) :] if behind is not None else items
    else:
        items = items[: bisect_left(positions, behind)] if behind is not None else items
        items.reverse()
    limit = request.get("Limit", len(items) + 1)
    page = items[:limit]
    shown = page
    if "FilterExpression" in request:
        holds = expressions.condition(request["FilterExpression"], names)
        shown = [item for item in page if holds(item, values)]
    if "ProjectionExpression" in request:
        chosen = {
            dict(names).get(name.strip(), name.strip()) for name in request["ProjectionExpression"].split(",")
        }
        shown = [{name: item[name] for name in item.keys() & chosen} for item in shown]
    answer: Request = {"Items": shown, "Count": len(shown), "ScannedCount": len(page)}
    if request.get("Select") == "COUNT":
        del answer["Items"]
    # As DynamoDB does: a read that ends at its limit does not know whether there is more.
    return answer | ({"LastEvaluatedKey": index.key_of(page[-1])} if len(page) == limit else {})


def _copied(rows: dict[RowKey, Item]) -> dict[RowKey, Item]:
    """Other rows with the same values: no operation changes a value, each puts another in its place."""
    return {key: dict(row) for key, row in rows.items()}


def _remove(rows: dict[RowKey, Item], row_key: RowKey) -> None:
    rows.pop(row_key, None)


def _names(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(request.get("ExpressionAttributeNames", {}).items()))


def _words(request: Request) -> list[str]:
    text: str = request["UpdateExpression"]
    return text.replace(",", " ").split()


def _row_key(item: Item) -> RowKey:
    return item["pk"]["S"], item["sk"]["S"]


def _key_names(schema: Request) -> tuple[str, str]:
    names = {part["KeyType"]: part["AttributeName"] for part in schema["KeySchema"]}
    return names["HASH"], names["RANGE"]


def _allow(request: Request, known: set[str]) -> None:
    if not request.keys() <= known:
        raise NoExpression(f"unknown here: {sorted(request.keys() - known)}")
