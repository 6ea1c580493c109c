"""Reads requests for migrations, and builds the responses."""

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import TypeAdapter, ValidationError

from image_store.domain.errors import InvalidRequest, PayloadTooLarge
from image_store.domain.images.attributes import Attributes
from image_store.domain.images.details import MAX_GROUPS
from image_store.domain.images.media import MediaType
from image_store.domain.upkeep.migration import (
    FieldNames,
    Folder,
    JsonLines,
    MigratedPage,
    Migration,
    OneRecord,
    Options,
    SourceRecord,
    Table,
)
from image_store.entrypoints.http.fields import GroupId
from image_store.entrypoints.http.request import JSON, LARGEST_BODY, MAX_BODY_BYTES
from image_store.entrypoints.http.validation import validate
from image_store.entrypoints.images.attribute_schemas import ImageAttributes
from image_store.entrypoints.upkeep.migration_schemas import MigrationRecord, MigrationRequest
from image_store.entrypoints.upkeep.progress import progress_answer
from image_store.services.upkeep.migration.requests import MigrationRequests

RECORD_GROUP = "record"
_GROUP_ID: TypeAdapter[str] = TypeAdapter(GroupId)


def begin(body: MigrationRequest, requests: MigrationRequests, *, until: datetime) -> Migration:
    """Begin the migration that an admin requests; a single record is moved at once, by `until`."""
    source = body.source
    if [source.jsonl, source.folder, source.table, source.record].count(None) != 3:
        raise InvalidRequest("`source` takes exactly one of jsonl, folder, table and record.")
    if body.write_back and source.table is None:
        raise InvalidRequest("`write_back` needs a table.")
    if source.record is not None:
        return requests.move_one(_record(source.record), until=until)
    if source.folder is not None and body.owner is None:
        raise InvalidRequest("The objects of a folder name no owner: give `owner`.")
    options = Options(
        fields=FieldNames(**body.fields.model_dump()),
        owner=body.owner,
        batch_size=body.batch_size,
        write_back=body.write_back,
    )
    if source.jsonl is not None:
        return requests.begin(JsonLines(source.jsonl), options)
    if source.table is not None:
        return requests.begin(Table(**source.table.model_dump()), options)
    return requests.begin(Folder(source.folder or ""), options)


def accepted(migration: Migration, *, api_url: str) -> "Response[str]":
    """202 with the migration and its address in `Location`."""
    location = f"{api_url}/v1/admin/migrations/{migration.id}"
    return progress_answer(migration, _fields(migration), location=location)


def progress(migration: Migration) -> "Response[str]":
    """200 with the progress of a migration."""
    return progress_answer(migration, _fields(migration))


def records(page: MigratedPage) -> "Response[str]":
    """A page of the records of a migration with the ids of their images."""
    items = [{"record_id": record.record_id, "image_id": record.image_id} for record in page.records]
    body = json.dumps({"items": items, "next_cursor": page.after})
    return Response(200, JSON, body, headers={"Cache-Control": "no-store"})


def content(data: bytes, media_type: MediaType) -> "Response[bytes]":
    """The picture of a record that is not moved; PayloadTooLarge if it is larger than a response can be."""
    if len(data) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The picture is larger than {LARGEST_BODY}: it is available once it is moved.")
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return Response(200, media_type.value, data, headers=headers)


def record_attributes(value: Any, record_id: str) -> Attributes:
    """The attributes in a record, validated as those of an upload; the image joins the group of its record."""
    attributes = validate(ImageAttributes, {} if value is None else value, at="attributes").to_domain()
    groups = tuple(dict.fromkeys((*attributes.groups, f"{RECORD_GROUP}:{_group_id(record_id)}")))
    if len(groups) > MAX_GROUPS:
        raise InvalidRequest(f"An image belongs to at most {MAX_GROUPS} groups, that of its record included.")
    return replace(attributes, groups=groups)


def _group_id(record_id: str) -> str:
    """The id of the record, or its SHA-256 if the id cannot name a group."""
    try:
        return _GROUP_ID.validate_python(record_id)
    except ValidationError:
        return hashlib.sha256(record_id.encode()).hexdigest()


def _record(record: MigrationRecord) -> SourceRecord:
    return SourceRecord(f"record {record.id}", record.id, record.image, record.owner, record.attributes)


def _fields(migration: Migration) -> dict[str, Any]:
    tally = migration.tally
    return {
        "source": _source(migration),
        "progress": {
            "total": migration.total,
            "moved": tally.moved,
            "already_moved": tally.already_moved,
            "left": migration.left,
            "failed": tally.failed,
        },
    }


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
