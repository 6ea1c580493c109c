"""Builds the responses about runs of the backup, and reports their end."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.backup.jobs import BackupJob, BackupStatus, BackupTask
from image_store.domain.times import rfc3339
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.operations.metrics import report_backup_end
from image_store.entrypoints.operations.observability import logger

if TYPE_CHECKING:
    from image_store.entrypoints.upkeep.request_schemas import BackupRequest
    from image_store.services.backup.requests import BackupRequests


def begin(options: "BackupRequest", service: "BackupRequests") -> BackupJob:
    """Begin what a request asks for; BackupNotConfigured without a backup store."""
    return service.begin(
        BackupTask(options.task), full=options.full, accept_loss=options.accept_loss, deep=options.deep
    )


def accepted(job: BackupJob, *, api_url: str) -> "Response[str]":
    """202 with the run and its address in `Location`."""
    return _answer(202, _body(job), Location=f"{api_url}/v1/admin/backups/{job.id}")


def progress(job: BackupJob) -> "Response[str]":
    """200 with the progress of a run."""
    return _answer(200, _body(job))


def page(jobs: Sequence[BackupJob]) -> "Response[str]":
    """200 with the last runs."""
    return _answer(200, {"items": [_body(job) for job in jobs]})


def log_job(job: BackupJob | None, *, namespace: str) -> None:
    """Log what an invocation has done; at the level of errors if an alarm has to notice it."""
    if job is None:
        logger.info("no step of a backup to do")
        return
    has_failed = job.status is BackupStatus.FAILED or job.tally.failed > 0
    (logger.error if has_failed else logger.info)("backup", job=_body(job))
    if job.has_ended:
        report_backup_end(namespace, has_failed=has_failed)


def _body(job: BackupJob) -> dict[str, Any]:
    tally = asdict(job.tally)
    errors = tally.pop("errors")
    return {
        "id": job.id,
        "task": job.task,
        "status": job.status,
        "full": job.full,
        "accept_loss": job.accept_loss,
        "deep": job.deep,
        "base_images": job.base_images,
        "base_images_before": job.base_images_before,
        "manifest": job.manifest,
        "progress": tally,
        "stopped_because": job.stopped_because,
        "errors": list(errors),
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "finished_at": rfc3339(job.finished_at) if job.finished_at else None,
    }


def _answer(status: int, body: dict[str, Any], **headers: str) -> "Response[str]":
    return Response(status, JSON, json.dumps(body), headers={"Cache-Control": "no-store", **headers})
