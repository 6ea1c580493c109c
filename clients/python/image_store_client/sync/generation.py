"""Generation jobs: create, watch, retry and cancel them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_client.http.runtime import steps
from image_store_client.paging import Pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_store_client.aio.generation import AsyncJobs
    from image_store_client.http.runtime import Run
    from image_store_client.schemas import GenerationRequest, Job, JobSummary


class Jobs:
    """The generation jobs of the owner."""

    def __init__(self, core: AsyncJobs, run: Run) -> None:
        self._core = core
        self._run = run

    def create(self, request: str | GenerationRequest, *, idempotency_key: str | None = None) -> Job:
        """Start a job from a prompt or a whole request, and return it at once.

        A response that was lost is requested again with the same key, so the job is paid for once.
        """
        return self._run(self._core.create(request, idempotency_key=idempotency_key))

    def get(self, job_id: str) -> Job:
        """Return a job with its items."""
        return self._run(self._core.get(job_id))

    def list(self, *, page_size: int = 50) -> Pages[JobSummary]:
        """List jobs, newest first, without their items."""
        return Pages(self._core.list(page_size=page_size), self._run)

    def watch(self, job_id: str) -> Iterator[Job]:
        """Yield the job now and after each change, until it has ended. Ending the loop does not stop the job."""
        return steps(self._core.watch(job_id), self._run)

    def retry(self, job_id: str) -> Job:
        """Try the failed items of a job again."""
        return self._run(self._core.retry(job_id))

    def cancel(self, job_id: str) -> Job:
        """Stop a job; images that exist stay."""
        return self._run(self._core.cancel(job_id))
