"""The retry policy: which requests are repeated, and after which wait."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from image_store_client.errors import ImageStoreError

WAITING_HELPS = {"idempotency_in_progress", "conflict"}
LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is repeated, and its waits in seconds.

    It fails at once if the store asks for a longer wait than `longest_wait`. `total_wait` is longer than the two
    minutes for which an interrupted upload keeps its idempotency key.
    """

    max_retries: int = 4
    first_wait: float = 0.5
    longest_wait: float = 60.0
    total_wait: float = 180.0

    def wait(self, retries: int, retry_after: float | None) -> float | None:
        """Seconds to wait before the next repetition, after `retries` of them; None to give up."""
        if retries >= self.max_retries:
            return None
        if retry_after is not None:
            return retry_after if retry_after <= self.longest_wait else None
        ceiling = min(self.first_wait * 2**retries, self.longest_wait)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - it only spreads retries


def is_worth_repeating(error: ImageStoreError, *, repeatable: bool) -> bool:
    """Whether the same request may succeed later; one that is not repeatable must have been refused, and not begun."""
    if error.status == 429:
        return error.retry_after is not None or error.code == "rate_limited"
    if not repeatable or error.status is None:
        return False
    if error.status == 409:
        return error.code in WAITING_HELPS and error.retry_after is not None
    return error.status >= 500 and error.code != "provider_failed"


def is_under_way(error: ImageStoreError) -> bool:
    """Whether the same request is still running, perhaps from a program that was killed.

    Its Retry-After is the longest time that it may take; usually it ends sooner.
    """
    return error.status == 409


def needs_another_token(error: ImageStoreError) -> bool:
    """Whether the store refused the token itself: it has ended, or it allows no more images."""
    return error.status == 401 or error.code == "upload_token_used_up"
