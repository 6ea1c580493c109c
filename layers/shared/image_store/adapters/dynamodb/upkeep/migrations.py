"""Stores migrations."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.upkeep.steps import IS_NEW, OnSteps, is_at, time_texts, times_of
from image_store.domain.upkeep.migration import (
    FieldNames,
    Folder,
    JsonLines,
    MigratedPage,
    MigratedRecord,
    Migration,
    MigrationStatus,
    MigrationTally,
    MigrationTotals,
    OneRecord,
    Options,
    RecordError,
    SourceLocation,
    Table,
    source_name,
)
from image_store.ports.upkeep import Migrations

_KINDS: dict[str, type[SourceLocation]] = {
    "jsonl": JsonLines,
    "folder": Folder,
    "table": Table,
    "record": OneRecord,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_MAX_SOURCES = 1_000


class DynamoMigrations(OnSteps, Migrations):
    """Migrations in the one table."""

    def create(self, migration: Migration) -> None:
        self._put(migration, IS_NEW)

    def get(self, migration_id: str) -> Migration | None:
        item = self._job_item(keys.migration(migration_id))
        return _migration_of(item) if item is not None else None

    def save(self, after: Migration, *, step: int) -> None:
        self._put(after, is_at(step))

    def keep_records(
        self, migration_id: str, records: Sequence[MigratedRecord], *, expires_at: datetime
    ) -> None:
        ttl = {"N": str(int(expires_at.timestamp()))}
        rows = [
            row
            for record in records
            for row in (
                {
                    **keys.migrated_record(migration_id, record.record_id),
                    "record_id": {"S": record.record_id},
                    "image_id": {"S": record.image_id},
                    "picture": {"S": record.picture},
                    "ttl": ttl,
                },
                {
                    **keys.migrated_picture(record.picture),
                    "image_id": {"S": record.image_id},
                    "ttl": ttl,
                },
            )
        ]
        # A record can occur twice in a batch, but a transaction accepts each row once.
        by_key = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}
        puts = [("row", {"Put": {"TableName": self._rows.name, "Item": row}}) for row in by_key.values()]
        # Writing the same rows again is harmless, so a lost response needs no read.
        self._rows.transact(puts, settled=lambda: False)

    def image_of_record(self, migration_id: str, record_id: str) -> str | None:
        return self._image_in(keys.migrated_record(migration_id, record_id))

    def image_of_picture(self, picture: str) -> str | None:
        return self._image_in(keys.migrated_picture(picture))

    def records(self, migration_id: str, *, after: str | None, limit: int) -> MigratedPage:
        start = {} if after is None else {"ExclusiveStartKey": keys.migrated_place(migration_id, after)}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": keys.migrated_place(migration_id, "")["pk"]},
            Limit=limit,
            **start,
        )
        records = tuple(
            MigratedRecord(row["record_id"]["S"], row["image_id"]["S"], row["picture"]["S"])
            for row in answer["Items"]
        )
        last = answer.get("LastEvaluatedKey")
        return MigratedPage(records=records, after=last["sk"]["S"] if last else None)

    def totals(self) -> MigrationTotals:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": keys.migration_source("")["pk"]},
            Limit=_MAX_SOURCES,
        )
        return sum(map(_totals_of, answer["Items"]), MigrationTotals())

    def _image_in(self, key: keys.Key) -> str | None:
        answer = self._rows.call("get_item", Key=key, ConsistentRead=True)
        return answer["Item"]["image_id"]["S"] if "Item" in answer else None

    def _put(self, migration: Migration, condition: dict[str, Any]) -> None:
        has_totals = not isinstance(migration.source, OneRecord)
        totals = [_totals_item(migration)] if has_totals else []
        self._put_job(_item_of(migration), condition, *totals)


def _item_of(migration: Migration) -> Item:
    body = asdict(migration) | time_texts(migration)
    body["source"] = {_NAMES[type(migration.source)]: asdict(migration.source)}
    del body["id"], body["step"]
    return {
        **keys.migration(migration.id),
        **schema.STAMP,
        "step": {"N": str(migration.step)},
        "migration": {"S": json.dumps(body, separators=(",", ":"))},
    }


def _totals_item(migration: Migration) -> Item:
    """The row with the totals of the last migration of a source."""
    tally = migration.tally
    numbers = {
        "moved": tally.moved + tally.already_moved,
        "left": migration.left or 0,
        "failed": tally.failed,
    }
    return {
        **keys.migration_source(source_name(migration.source)),
        "migration_id": {"S": migration.id},
        **{name: {"N": str(number)} for name, number in numbers.items()},
    }


def _totals_of(item: Item) -> MigrationTotals:
    return MigrationTotals(**{name: int(item[name]["N"]) for name in ("moved", "left", "failed")})


@schema.reading
def _migration_of(item: Item) -> Migration:
    schema.version_of(item)
    body = json.loads(item["migration"]["S"])
    ((kind, source),) = body["source"].items()
    errors = tuple(RecordError(**error) for error in body["tally"]["errors"])
    changed = {
        "source": _KINDS[kind](**source),
        "options": Options(**body["options"] | {"fields": FieldNames(**body["options"]["fields"])}),
        "status": MigrationStatus(body["status"]),
        "tally": MigrationTally(**body["tally"] | {"errors": errors}),
    }
    return Migration(
        id=keys.id_of_migration(item["pk"]["S"]),
        step=int(item["step"]["N"]),
        **(body | times_of(body) | changed),
    )
