"""The retry policy: which requests are repeated, and after which wait."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from image_store_client.http.problems import json_object

if TYPE_CHECKING:
    import httpx

BROKEN_ON_THE_WAY = {500, 502, 504}
STORAGE_MAY_RECOVER = {429, 500, 502, 503, 504}
WAITING_HELPS = {"idempotency_in_progress", "conflict"}
LOOK_AGAIN_SECONDS = 2.0
MOST_SECONDS = 366 * 86_400.0
"""Of a Retry-After. A program can sleep for so long; a larger number may be one that no clock takes."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits in seconds, and the number of tries; if the store asks for more than `longest_wait`, it gives up.

    `total_wait` is longer than the two minutes for which an interrupted upload keeps its idempotency key.
    """

    tries: int = 5
    first_wait: float = 0.5
    longest_wait: float = 60.0
    total_wait: float = 180.0

    def wait(self, attempt: int, retry_after: float | None) -> float | None:
        """Seconds to wait after the try number `attempt`, from 0; None to give up."""
        if attempt >= self.tries - 1:
            return None
        if retry_after is not None:
            return retry_after if retry_after <= self.longest_wait else None
        ceiling = min(self.first_wait * 2**attempt, self.longest_wait)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - it only spreads retries


def is_worth_repeating(answer: httpx.Response, *, repeatable: bool) -> bool:
    """Whether the same request may succeed later; if it is not repeatable, only a refused one is sent again."""
    status, code = answer.status_code, json_object(answer).get("code")
    if status == 429:
        return "retry-after" in answer.headers or code is None
    if status == 503:
        return repeatable or "retry-after" in answer.headers
    if status == 409 and repeatable:
        return code in WAITING_HELPS and "retry-after" in answer.headers
    return repeatable and status in BROKEN_ON_THE_WAY


def is_under_way(answer: httpx.Response) -> bool:
    """Whether the same request is still running, perhaps from a program that was killed.

    Its Retry-After is the longest time that it may take; usually it ends sooner.
    """
    return answer.status_code == 409


def retry_after(answer: httpx.Response) -> float | None:
    """The seconds in Retry-After, at most `MOST_SECONDS`; None if it is missing."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text), MOST_SECONDS)
    until = time_of(text)
    if until is None:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), MOST_SECONDS)


def time_of(text: str) -> datetime | None:
    """The time in a header; None if it has none."""
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
