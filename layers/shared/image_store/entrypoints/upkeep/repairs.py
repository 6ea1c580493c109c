"""Builds the responses about repairs."""

from typing import TYPE_CHECKING, Any

from image_store.domain.upkeep.repair import RepairJob
from image_store.entrypoints.upkeep.progress import progress_answer

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import Response


def accepted(job: RepairJob, *, api_url: str) -> "Response[str]":
    """202 with the repair and its address in `Location`."""
    return progress_answer(job, _fields(job), location=f"{api_url}/v1/admin/repairs/{job.id}")


def progress(job: RepairJob) -> "Response[str]":
    """200 with the progress of a repair."""
    return progress_answer(job, _fields(job))


def _fields(job: RepairJob) -> dict[str, Any]:
    tally = job.tally
    return {
        "dry_run": job.dry_run,
        "progress": {
            "examined": tally.examined,
            "renditions": tally.renditions,
            "copies": tally.copies,
            "originals_missing": tally.originals_missing,
            "failed": tally.failed,
        },
    }
