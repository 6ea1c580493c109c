"""Requests and responses of migrations."""

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import TypeAdapter, ValidationError

from image_store.domain.errors import InvalidRequest, PayloadTooLarge
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.details import MAX_GROUPS
from image_store.domain.times import rfc3339
from image_store.domain.upkeep.migration import (
    FieldNames,
    Folder,
    JsonLines,
    Migration,
    OneRecord,
    Options,
    SourceRecord,
    Table,
)
from image_store.entrypoints.http.api import read_method
from image_store.entrypoints.http.fields import GroupId
from image_store.entrypoints.http.requests import MAX_BODY_BYTES, json_body, query, validated
from image_store.entrypoints.images.answers import JSON, Answers
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.entrypoints.upkeep.migration_schemas import (
    MigratedRecordQuery,
    MigratedRecordsQuery,
    MigrationRecord,
    MigrationRequest,
)
from image_store.services.upkeep.migration.requests import MigrationRequests

RECORD_GROUP = "record"
_GROUP_ID: TypeAdapter[str] = TypeAdapter(GroupId)


def begin(api: APIGatewayHttpResolver, requests: MigrationRequests, *, until: datetime) -> Migration:
    """Begin the migration that a request means; a single record is moved at once, by `until`."""
    asked = json_body(api, MigrationRequest)
    source = asked.source
    if [source.jsonl, source.folder, source.table, source.record].count(None) != 3:
        raise InvalidRequest("`source` takes exactly one of jsonl, folder, table and record.")
    if asked.write_back and source.table is None:
        raise InvalidRequest("Only a table can be written back to.")
    if source.record is not None:
        return requests.move_one(_record(source.record), until=until)
    if source.folder is not None and asked.owner is None:
        raise InvalidRequest("The objects of a folder name no owner: give `owner`.")
    options = Options(
        fields=FieldNames(**asked.fields.model_dump()),
        owner=asked.owner,
        batch_size=asked.batch_size,
        write_back=asked.write_back,
    )
    if source.jsonl is not None:
        return requests.begin(JsonLines(source.jsonl), options)
    if source.table is not None:
        return requests.begin(Table(**source.table.model_dump()), options)
    return requests.begin(Folder(source.folder or ""), options)


def accepted(migration: Migration, *, api_url: str) -> "Response[str]":
    """202, and where to look."""
    return _answer(202, migration, {"Location": f"{api_url}/v1/admin/migrations/{migration.id}"})


def progress(migration: Migration) -> "Response[str]":
    """How far a migration has come."""
    return _answer(200, migration, {})


def records(api: APIGatewayHttpResolver, requests: MigrationRequests, migration_id: str) -> "Response[str]":
    """A page of the records of a migration with the ids of their images."""
    page_query = query(api, MigratedRecordsQuery)
    page = requests.records(requests.get(migration_id), after=page_query.cursor, limit=page_query.limit)
    items = [{"record_id": each.record_id, "image_id": each.image_id} for each in page.records]
    body = json.dumps({"items": items, "next_cursor": page.after})
    return Response(200, JSON, body, headers={"Cache-Control": "no-store"})


def content(
    api: APIGatewayHttpResolver, requests: MigrationRequests, migration_id: str, *, answers: Answers
) -> "Response[Any]":
    """The picture of a record: a redirect once it is moved, and before that the picture itself.

    PayloadTooLarge for one that is not moved and larger than an answer holds.
    """
    record_id = query(api, MigratedRecordQuery).record
    migration = requests.get(migration_id)
    image = requests.image_of(migration, record_id)
    if image is not None:
        return answers.original(image, method=read_method(api))
    data, media_type = requests.picture_of(migration, record_id)
    if len(data) > MAX_BODY_BYTES:
        raise PayloadTooLarge("The picture is larger than 4.5 MB: it is available once it is moved.")
    headers: dict[str, str | list[str]] = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(200, media_type.value, data, headers=headers)


def record_attributes(value: Any, record_id: str) -> Attributes:
    """What a record says about its image, validated as an upload's; the image is in the group of its record."""
    attributes = validated(ImageAttributes, {} if value is None else value, at="attributes").to_domain()
    groups = tuple(dict.fromkeys((*attributes.groups, f"{RECORD_GROUP}:{_group_id(record_id)}")))
    if len(groups) > MAX_GROUPS:
        raise InvalidRequest(f"An image belongs to at most {MAX_GROUPS} groups, that of its record included.")
    return replace(attributes, groups=groups)


def _group_id(record_id: str) -> str:
    """The record's id where it can name a group, and its SHA-256 where it cannot."""
    try:
        return _GROUP_ID.validate_python(record_id)
    except ValidationError:
        return hashlib.sha256(record_id.encode()).hexdigest()


def _record(given: MigrationRecord) -> SourceRecord:
    return SourceRecord(f"record {given.id}", given.id, given.image, given.owner, given.attributes)


def _answer(status: int, migration: Migration, headers: dict[str, str | list[str]]) -> "Response[str]":
    tally = migration.tally
    body = {
        "id": migration.id,
        "status": migration.status,
        "source": _source(migration),
        "progress": {
            "total": migration.total,
            "moved": tally.moved,
            "already_moved": tally.already_moved,
            "left": migration.left,
            "failed": tally.failed,
        },
        "errors": [asdict(error) for error in tally.errors],
        "created_at": rfc3339(migration.created_at),
        "updated_at": rfc3339(migration.updated_at),
        "finished_at": rfc3339(migration.finished_at) if migration.finished_at else None,
    }
    return Response(status, JSON, json.dumps(body), headers={"Cache-Control": "no-store", **headers})


def _source(migration: Migration) -> dict[str, Any]:
    match migration.source:
        case JsonLines(key):
            return {"jsonl": key}
        case Folder(prefix):
            return {"folder": prefix}
        case Table() as table:
            return {"table": asdict(table)}
        case OneRecord(record_id):
            return {"record": {"id": record_id}}
