"""Builds the responses about jobs that continue after their request: repairs, migrations, imports and restores."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.times import rfc3339
from image_store.domain.upkeep.importing import Import
from image_store.domain.upkeep.migration import Migration
from image_store.domain.upkeep.recovery import RecoveryJob
from image_store.domain.upkeep.repair import RepairJob
from image_store.entrypoints.http.request import JSON


def progress_answer(
    job: RepairJob | Migration | Import | RecoveryJob,
    fields: Mapping[str, Any],
    *,
    location: str | None = None,
) -> "Response[str]":
    """200 with the progress of a job and these fields of its kind; with a `location`, 202 and that header."""
    body = {
        "id": job.id,
        "status": job.status,
        **fields,
        "errors": [asdict(error) for error in job.tally.errors],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "finished_at": rfc3339(job.finished_at) if job.finished_at else None,
    }
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if location is not None:
        headers["Location"] = location
    return Response(200 if location is None else 202, JSON, json.dumps(body), headers=headers)
