"""Migrations as rows of the one table: the step stands alone for its condition, all else is one JSON text."""

import json
from dataclasses import asdict
from typing import Any

from image_store.adapters.dynamodb import keys
from image_store.adapters.dynamodb.items import Item, parse_time, text_time
from image_store.adapters.dynamodb.table import OnTable
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.migration import (
    FieldNames,
    Folder,
    JsonLines,
    Migration,
    MigrationStatus,
    OneRecord,
    Options,
    RecordError,
    Source,
    Table,
    Tally,
)
from image_store.ports.migrations import Migrations

_KINDS: dict[str, type[Source]] = {
    "jsonl": JsonLines,
    "folder": Folder,
    "table": Table,
    "record": OneRecord,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_TIMES = ("created_at", "updated_at", "finished_at")


class DynamoMigrations(OnTable, Migrations):
    """Migrations in the one table; the client is made at the first call."""

    def create(self, migration: Migration) -> None:
        self._put(migration, ConditionExpression="attribute_not_exists(pk)")

    def get(self, migration_id: str) -> Migration | None:
        item = self._item(migration_id)
        return _migration_of(migration_id, item) if item is not None else None

    def save(self, after: Migration, *, step: int) -> None:
        self._put(
            after,
            ConditionExpression="#step = :step",
            ExpressionAttributeNames={"#step": "step"},
            ExpressionAttributeValues={":step": {"N": str(step)}},
        )

    def _put(self, migration: Migration, **condition: Any) -> None:
        item = _item_of(migration)
        failure: Exception = Conflict("Another worker has carried this migration on.")
        try:
            if self._rows.conditional("put_item", Item=item, **condition) is not None:
                return
        except StorageUnavailable as unavailable:
            failure = unavailable
        # botocore repeats a call whose answer it lost; the repeat then meets our own write.
        if self._item(migration.id) != item:
            raise failure

    def _item(self, migration_id: str) -> Item | None:
        answer = self._rows.call("get_item", Key=keys.migration(migration_id), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item


def _item_of(migration: Migration) -> Item:
    told = asdict(migration) | {name: _text(getattr(migration, name)) for name in _TIMES}
    told["source"] = {_NAMES[type(migration.source)]: asdict(migration.source)}
    del told["id"], told["step"]
    return {
        **keys.migration(migration.id),
        "step": {"N": str(migration.step)},
        "migration": {"S": json.dumps(told, separators=(",", ":"))},
    }


def _migration_of(migration_id: str, item: Item) -> Migration:
    told = json.loads(item["migration"]["S"])
    ((kind, source),) = told["source"].items()
    times = {name: parse_time(told[name]) if told[name] else None for name in _TIMES}
    errors = tuple(RecordError(**error) for error in told["tally"]["errors"])
    changed = {
        "source": _KINDS[kind](**source),
        "options": Options(**told["options"] | {"fields": FieldNames(**told["options"]["fields"])}),
        "status": MigrationStatus(told["status"]),
        "tally": Tally(**told["tally"] | {"errors": errors}),
    }
    return Migration(id=migration_id, step=int(item["step"]["N"]), **(told | times | changed))


def _text(at: Any) -> str | None:
    return text_time(at) if at is not None else None
