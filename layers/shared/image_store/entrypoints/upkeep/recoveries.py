"""Builds the responses about restores and rebuilds."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from image_store.domain.upkeep.recovery import RecoveryJob, RecoveryOptions
from image_store.entrypoints.upkeep.progress import progress_answer
from image_store.entrypoints.upkeep.request_schemas import RestoreRequest

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import Response


def restore_options(request: RestoreRequest) -> RecoveryOptions:
    """The options in a request."""
    return RecoveryOptions(
        dry_run=request.dry_run,
        ended=request.include_ended,
        publish=request.publish,
        access=request.access,
        owner=request.owner,
        image_id=request.image_id,
        stack=request.stack,
        other_key=request.other_key,
        without_sealed=request.without_sealed,
    )


def accepted(recovery: RecoveryJob, *, api_url: str) -> "Response[str]":
    """202 with the recovery and its address in `Location`."""
    location = f"{api_url}/v1/admin/{recovery.kind}s/{recovery.id}"
    return progress_answer(recovery, _fields(recovery), location=location)


def progress(recovery: RecoveryJob) -> "Response[str]":
    """200 with the progress of a recovery."""
    return progress_answer(recovery, _fields(recovery))


def _fields(recovery: RecoveryJob) -> dict[str, Any]:
    tally = asdict(recovery.tally)
    del tally["errors"]
    return {
        "kind": recovery.kind,
        "dry_run": recovery.options.dry_run,
        "manifest": recovery.manifest,
        "cleanup_waits": recovery.leaves_hold,
        "progress": tally,
    }
