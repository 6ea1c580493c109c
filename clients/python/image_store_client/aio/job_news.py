"""Waits for news of a generation job."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from image_store_client.errors import ImageStoreError
from image_store_client.job_states import ENDED

if TYPE_CHECKING:
    from image_store_client.http.transport import Transport
    from image_store_client.schemas import Event, EventPage, Job

TYPES = "generation.item_finished,generation.finished"
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2, 20
CLOCK_SKEW = timedelta(seconds=5)
"""By how much the clocks of the store's functions may differ."""
PAUSE_SECONDS = 1.0
"""Between two pages of events that are about other jobs."""
FIRST_POLL, LONGEST_POLL = 1.0, 5.0


class JobNews:
    """Says when it is worth while to look at a job again.

    That is when an event says something that the job did not show. What begins has no event, so it is also after 2, 4,
    8, 16 and then every 20 seconds. A caller who gets no events looks every one to five seconds.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._after: str | None = None
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._pause = FIRST_POLL
        self._has_events = True

    async def wait(self, job: Job) -> None:
        """Wait until a job that has not ended may differ from what it was when it was read."""
        while self._has_events:
            try:
                page = await self._page(job)
            except ImageStoreError:
                # Without the right to read images there are no events. If the store is away, a look at the job says so.
                self._has_events = False
                break
            self._after = page["next_cursor"]
            if any(_is_news(event, job) for event in page["items"]):
                return
            if not page["items"] and not page["has_more"]:
                self._wait_seconds = min(2 * self._wait_seconds, LONGEST_WAIT_SECONDS)
                return
            await self._transport.runtime.sleep(PAUSE_SECONDS)
        await self._transport.runtime.sleep(self._pause)
        self._pause = min(self._pause * 1.3, LONGEST_POLL)

    async def _page(self, job: Job) -> EventPage:
        """The next events of the caller's jobs."""
        params: dict[str, Any] = {"types": TYPES, "limit": 100, "wait": self._wait_seconds}
        if self._after is None:
            # From the last change that the job shows: what has come since the job was read is in the first page.
            params["since"] = (datetime.fromisoformat(job["updated_at"]) - CLOCK_SKEW).isoformat()
        else:
            params["after"] = self._after
        return cast("EventPage", await self._transport.json("GET", "/v1/events", params=params, once=True))


def _is_news(event: Event, job: Job) -> bool:
    """Whether an event tells of an end that the job does not show."""
    if event["type"] == "generation.finished":
        return event["data"]["generation_id"] == job["id"]
    if event["type"] != "generation.item_finished" or event["data"]["generation_id"] != job["id"]:
        return False
    index = event["data"]["index"]
    return any(item["index"] == index and item["status"] not in ENDED for item in job["items"])
