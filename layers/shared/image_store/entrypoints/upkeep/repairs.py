"""Builds the responses about repairs."""

import json
from dataclasses import asdict

from aws_lambda_powertools.event_handler import Response

from image_store.domain.times import rfc3339
from image_store.domain.upkeep.repair import RepairJob
from image_store.entrypoints.http.request import JSON


def accepted(job: RepairJob, *, api_url: str) -> "Response[str]":
    """202 with the repair and its address in `Location`."""
    return _answer(202, job, {"Location": f"{api_url}/v1/admin/repairs/{job.id}"})


def progress(job: RepairJob) -> "Response[str]":
    """200 with the progress of a repair."""
    return _answer(200, job, {})


def _answer(status: int, job: RepairJob, headers: dict[str, str | list[str]]) -> "Response[str]":
    tally = job.tally
    body = {
        "id": job.id,
        "status": job.status,
        "dry_run": job.dry_run,
        "progress": {
            "examined": tally.examined,
            "renditions": tally.renditions,
            "copies": tally.copies,
            "originals_missing": tally.originals_missing,
            "failed": tally.failed,
        },
        "errors": [asdict(error) for error in tally.errors],
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "finished_at": rfc3339(job.finished_at) if job.finished_at else None,
    }
    return Response(status, JSON, json.dumps(body), headers={"Cache-Control": "no-store", **headers})
