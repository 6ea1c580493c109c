"""Reads the rows that a backup holds; everything else in the table follows from them, or is of use for hours only."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import backup_keys, keys, schema
from image_store.adapters.dynamodb.backup.changes import STREAM_PREFIXES
from image_store.adapters.dynamodb.images import records
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.table import OnTable
from image_store.ports.backup import BackupRows, BackupSource

SCANNED_PREFIXES = (
    *STREAM_PREFIXES,
    "MIGRATION#",
    "MIGRATIONS",
    "MIGRATED#",
    "IMPORT#",
    "IMPORTED#",
    "JOB#",
    "KEYUSAGE#",
    "KEYREQUESTS#",
    "KEYUSE#",
    "GENERATED#",
    "BUDGET#",
)
"""Begin the partitions of all rows in a backup, besides images and long-lived Idempotency-Keys."""

ROW = "ROW"
"""The name, in a line, of a row that is no image."""

_IDEMPOTENCY = "IDEMPOTENCY#"
_SHORT_LIVED = timedelta(days=2)
_PAGE_ROWS = 2_000


class DynamoBackupRows(OnTable, BackupRows):
    """BackupRows in the one table."""

    def read(self, entities: Collection[str]) -> Mapping[str, BackupSource]:
        row_keys = {entity: backup_keys.row_of(entity) for entity in entities}
        details = [
            keys.detail(image_id)
            for row in row_keys.values()
            if (image_id := keys.image_of_record(row)) is not None
        ]
        items = {
            (item["pk"]["S"], item["sk"]["S"]): item
            for item in self._rows.get_many([*row_keys.values(), *details])
        }
        sources: dict[str, BackupSource] = {}
        for entity, row in row_keys.items():
            item = items.get((row["pk"]["S"], row["sk"]["S"]))
            if item is None:
                continue
            source = _source_of(item, items.get((row["pk"]["S"], keys.DETAIL)))
            if source is not None:
                sources[entity] = source
        return sources

    def scan(self, *, after: str | None, at: datetime) -> tuple[Sequence[str], str | None]:
        start = {} if after is None else {"ExclusiveStartKey": json.loads(after)}
        prefixes = {f":p{number}": {"S": prefix} for number, prefix in enumerate(SCANNED_PREFIXES)}
        others = " OR ".join(f"begins_with(pk, {name})" for name in prefixes)
        answer = self._rows.call(
            "scan",
            ProjectionExpression="pk, sk",
            FilterExpression=f"sk = :meta OR (begins_with(pk, :idempotency) AND #ttl > :later) OR {others}",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={
                ":meta": {"S": keys.META},
                ":idempotency": {"S": _IDEMPOTENCY},
                ":later": {"N": str(int((at + _SHORT_LIVED).timestamp()))},
                **prefixes,
            },
            ConsistentRead=True,
            Limit=_PAGE_ROWS,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        names = [backup_keys.entity_of(item["pk"]["S"], item["sk"]["S"]) for item in answer["Items"]]
        return names, json.dumps(last) if last else None


def _source_of(item: Item, detail: Item | None) -> BackupSource | None:
    """What a backup holds of a row; None of an image that is not visible."""
    if keys.image_of_record(item) is None:
        return BackupSource({ROW: _sorted_sets(item)}, None)
    # The rows of a record that cannot be read are kept as they are, for the version that can read them.
    record = next(schema.readable([item], records.record_of), None)
    if record is not None and not record.is_visible:
        return None
    rows = {keys.META: _sorted_sets(item)}
    if detail is not None:
        rows[keys.DETAIL] = _sorted_sets(detail)
    return BackupSource(rows, record)


def _sorted_sets(item: Item) -> dict[str, Any]:
    """An item in which sets have an order, so that equal items have equal texts."""
    return {
        name: {kind: sorted(of) if kind in {"SS", "NS"} else of for kind, of in value.items()}
        for name, value in item.items()
    }
