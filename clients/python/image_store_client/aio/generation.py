"""Generation jobs: create, watch, retry and cancel them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, cast

from image_store_client.aio.job_news import JobNews
from image_store_client.aio.paths import path_of
from image_store_client.job_states import ENDED
from image_store_client.paging import AsyncPages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from image_store_client.http.transport import Transport
    from image_store_client.schemas import GenerationRequest, Job, JobSummary

PATH = "/v1/generations"


class AsyncJobs:
    """The generation jobs of the owner."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, request: str | GenerationRequest, *, idempotency_key: str | None = None) -> Job:
        """Start a job from a prompt or a whole request, and return it at once.

        A response that was lost is requested again with the same key, so the job is paid for once.
        """
        body = {"items": [{"prompt": request}]} if isinstance(request, str) else request
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return cast(
            "Job", await self._transport.json("POST", PATH, json=body, headers=headers, repeatable=True)
        )

    async def get(self, job_id: str) -> Job:
        """Return a job with its items."""
        return cast("Job", await self._transport.json("GET", path_of(PATH, job_id)))

    def list(self, *, page_size: int = 50) -> AsyncPages[JobSummary]:
        """List jobs, newest first, without their items."""
        return AsyncPages(
            lambda cursor: self._transport.json("GET", PATH, params={"limit": page_size, "cursor": cursor})
        )

    async def watch(self, job_id: str) -> AsyncIterator[Job]:
        """Yield the job now and after each change, until it has ended. Ending the loop does not stop the job."""
        news, last = JobNews(self._transport), None
        while True:
            job = await self.get(job_id)
            if job != last:
                yield job
                last = job
            if job["status"] in ENDED:
                return
            await news.wait(job)

    async def retry(self, job_id: str) -> Job:
        """Try the failed items of a job again."""
        return cast("Job", await self._transport.json("POST", path_of(PATH, job_id, "/retry")))

    async def cancel(self, job_id: str) -> Job:
        """Stop a job; images that exist stay."""
        return cast("Job", await self._transport.json("DELETE", path_of(PATH, job_id)))
