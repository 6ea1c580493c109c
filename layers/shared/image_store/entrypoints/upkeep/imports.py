"""Reads requests for imports, and builds the responses."""

import json
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.callers.actor import is_owner
from image_store.domain.errors import InvalidRequest
from image_store.domain.times import rfc3339
from image_store.domain.upkeep.importing import (
    Import,
    ImportOptions,
    ImportRecord,
    ImportRecordPage,
    ItemState,
    estimate_of,
)
from image_store.entrypoints.http.fields import flat_groups, unique
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.upkeep.import_schemas import MAX_REQUEST_GROUPS, ImportRequest
from image_store.entrypoints.upkeep.progress import progress_answer


def options_of(body: ImportRequest) -> ImportOptions:
    """The options of an import; InvalidRequest for an owner or groups that no image can have."""
    if not is_owner(body.owner):
        raise InvalidRequest("The owner is longer than 255 characters, or not printable.")
    groups = flat_groups(body.groups)
    if len(groups) > MAX_REQUEST_GROUPS:
        raise InvalidRequest(f"At most {MAX_REQUEST_GROUPS} groups: that of its folder is one more.")
    return ImportOptions(
        source=body.source,
        owner=body.owner,
        prefix=body.prefix,
        visibility=body.visibility,
        groups=groups,
        tags=unique(body.tags),
        redirects=body.redirects,
        dry_run=body.dry_run,
    )


def accepted(job: Import, *, api_url: str) -> "Response[str]":
    """202 with the import and its address in `Location`."""
    return progress_answer(job, _fields(job), location=f"{api_url}/v1/admin/imports/{job.id}")


def progress(job: Import) -> "Response[str]":
    """200 with the progress of an import."""
    return progress_answer(job, _fields(job))


def records(page: ImportRecordPage) -> "Response[str]":
    """A page of what became of images."""
    body = json.dumps({"items": [_record(record) for record in page.records], "next_cursor": page.after})
    return Response(200, JSON, body, headers={"Cache-Control": "no-store"})


def _record(record: ImportRecord) -> dict[str, Any]:
    error = {"source_id": record.source_id, "code": record.code, "detail": record.detail}
    return {
        "source_id": record.source_id,
        "source_url": record.source_url,
        "image_id": record.image_id,
        "error": error if record.state is ItemState.FAILED else None,
    }


def _fields(job: Import) -> dict[str, Any]:
    tally, options = job.tally, job.options
    return {
        "source": options.source,
        "owner": options.owner,
        "dry_run": options.dry_run,
        "progress": {
            "listed": tally.seen,
            "stored": tally.stored,
            "existed": tally.existed,
            "failed": tally.failed,
            "size_bytes": tally.size_bytes,
            "unsized": tally.unsized,
        },
        "estimate": asdict(estimate_of(tally)) if options.dry_run else None,
        "waits_until": rfc3339(job.waits_until) if job.waits_until is not None else None,
    }
