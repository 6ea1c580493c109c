"""Stores imports and what became of their images."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item, parse_time, text_time
from image_store.adapters.dynamodb.upkeep.steps import IS_NEW, OnSteps, is_at, time_texts, times_of
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import (
    Import,
    ImportFault,
    ImportOptions,
    ImportRecord,
    ImportRecordPage,
    ImportStatus,
    ImportTally,
    ItemState,
    PageWatch,
)
from image_store.ports.upkeep import Imports

_MAX_URL_CHARS = 2_048


class DynamoImports(OnSteps, Imports):
    """Imports in the one table."""

    def create(self, job: Import) -> None:
        self._put_job(_item_of(job), IS_NEW)

    def get(self, import_id: str) -> Import | None:
        item = self._job_item(keys.import_(import_id))
        return _import_of(item) if item is not None else None

    def save(self, after: Import, *, step: int) -> None:
        self._put_job(_item_of(after), is_at(step))

    def keep_records(self, import_id: str, records: Sequence[ImportRecord], *, expires_at: datetime) -> None:
        ttl = {"N": str(int(expires_at.timestamp()))}
        puts = [
            (
                "row",
                {
                    "Put": {
                        "TableName": self._rows.name,
                        "Item": {
                            **keys.imported_place(import_id, _place(record.source_id)),
                            "record": {"S": _record_text(record)},
                            "ttl": ttl,
                        },
                    }
                },
            )
            for record in records
        ]
        # Writing the same rows again is harmless, so a lost response needs no read.
        self._rows.transact(puts, settled=lambda: False)

    def records(self, import_id: str, *, after: str | None, limit: int) -> ImportRecordPage:
        start = {} if after is None else {"ExclusiveStartKey": keys.imported_place(import_id, after)}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": keys.imported_place(import_id, "")["pk"]},
            Limit=limit,
            **start,
        )
        last = answer.get("LastEvaluatedKey")
        return ImportRecordPage(
            records=tuple(map(_record_of, answer["Items"])), after=last["sk"]["S"] if last else None
        )


def _place(source_id: str) -> str:
    """The sort key of a record; a digest, because ids can be longer than keys."""
    return hashlib.sha256(source_id.encode("utf-8", "surrogatepass")).hexdigest()


def _item_of(job: Import) -> Item:
    body = asdict(job) | time_texts(job)
    body["waits_until"] = text_time(job.waits_until) if job.waits_until is not None else None
    del body["id"], body["step"]
    return {
        **keys.import_(job.id),
        **schema.STAMP,
        "step": {"N": str(job.step)},
        "import": {"S": json.dumps(body, separators=(",", ":"))},
    }


@schema.reading
def _import_of(item: Item) -> Import:
    schema.version_of(item)
    body = json.loads(item["import"]["S"])
    options, tally = body["options"], body["tally"]
    visibility = options["visibility"]
    changed = {
        "options": ImportOptions(
            **options
            | {
                "visibility": Visibility(visibility) if visibility is not None else None,
                "groups": tuple(options["groups"]),
                "tags": tuple(options["tags"]),
            }
        ),
        "status": ImportStatus(body["status"]),
        "watch": PageWatch(**body["watch"]),
        "waits_until": parse_time(body["waits_until"]) if body["waits_until"] is not None else None,
        "tally": ImportTally(**tally | {"errors": tuple(ImportFault(**fault) for fault in tally["errors"])}),
    }
    return Import(
        id=keys.id_of_import(item["pk"]["S"]),
        step=int(item["step"]["N"]),
        **(body | times_of(body) | changed),
    )


def _record_text(record: ImportRecord) -> str:
    body = asdict(record)
    if record.source_url is not None and len(record.source_url) > _MAX_URL_CHARS:
        body["source_url"] = None
    return json.dumps(body, separators=(",", ":"))


def _record_of(item: Item) -> ImportRecord:
    body = json.loads(item["record"]["S"])
    return ImportRecord(**body | {"state": ItemState(body["state"])})
