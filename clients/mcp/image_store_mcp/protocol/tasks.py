"""Generation jobs as tasks of the protocol: the id of a task is that of its job, and nothing else is kept.

A job that ends without any image is a task that is completed, with a result that says so: `failed` is for errors of
the protocol alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_client.errors import ImageStoreError, NotFoundError
from image_store_mcp.protocol.failures import Code, ProtocolError, cut, invalid_params

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store_client.schemas import Job
    from image_store_client.sync_client import ImageStore
    from image_store_mcp.protocol.context import RequestContext

POLL_SECONDS = 2.0
KEPT_MS = 90 * 24 * 3_600 * 1_000
"""For so long after its creation the store knows a job."""
MAX_ID_CHARS = 128
_STATUSES = {"queued": "working", "running": "working", "cancelled": "cancelled"}
_INVALID = {400, 404, 422}
"""What the store answers for an id that names no job of the owner."""


def job_of(store: ImageStore, params: Mapping[str, Any]) -> Job:
    """The job that the parameters of a request name; ProtocolError if there is none."""
    task_id = _id_in(params)
    return _job_from(lambda: store.jobs.get(task_id), task_id)


def cancelled_job(store: ImageStore, params: Mapping[str, Any]) -> Job:
    """Cancel the job that the parameters name, and return it; one that has ended stays as it is."""
    task_id = _id_in(params)
    return _job_from(lambda: store.jobs.cancel(task_id), task_id)


def ended_job(context: RequestContext, params: Mapping[str, Any]) -> Job:
    """Wait until the job that the parameters name has ended; ProtocolError if it takes longer than the call may."""
    store = context.store()
    job = context.patience.wait_for(job_of(store, params), lambda _: job_of(store, params))
    if status_of(job) == "working":
        raise ProtocolError(
            Code.TIMED_OUT,
            "The task is still working. Call tasks/get until its status is final, and then ask for the result.",
        )
    return job


def status_of(job: Job) -> str:
    """The status of the task."""
    return _STATUSES.get(job["status"], "completed")


def modern_task(job: Job) -> dict[str, Any]:
    """A task as the extension of the current version has it."""
    return _task(job) | {"ttlMs": KEPT_MS, "pollIntervalMs": round(POLL_SECONDS * 1000)}


def legacy_task(job: Job) -> dict[str, Any]:
    """A task as version 2025-11-25 has it."""
    return _task(job) | {"ttl": KEPT_MS, "pollInterval": round(POLL_SECONDS * 1000)}


def _task(job: Job) -> dict[str, Any]:
    progress = job["progress"]
    return {
        "taskId": job["id"],
        "status": status_of(job),
        "statusMessage": f"{progress['succeeded']} of {progress['total']} images are ready.",
        "createdAt": job["created_at"],
        "lastUpdatedAt": job["updated_at"],
    }


def _id_in(params: Mapping[str, Any]) -> str:
    task_id = params.get("taskId")
    if not isinstance(task_id, str) or not 0 < len(task_id) <= MAX_ID_CHARS:
        raise invalid_params("taskId must be the id of a task.")
    return task_id


def _job_from(request: Callable[[], Job], task_id: str) -> Job:
    try:
        return request()
    except ImageStoreError as error:
        if isinstance(error, NotFoundError) or error.status in _INVALID:
            raise invalid_params(f"Unknown task: {cut(task_id)}") from None
        raise ProtocolError(Code.INTERNAL_ERROR, error.detail, {"code": error.code}) from None
