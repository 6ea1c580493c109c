"""Retry budgets limit how many calls of a provider may be retries, over all owners.

Each image that a provider makes earns a fifth of a retry, and every minute earns a whole one. A bucket for each
provider holds at most ten retries, and each retry takes one. If a provider fails rarely, all its failures are retried.
If it fails mostly, it is called hardly more often than there are images to make.

A successful call writes nothing here: images are counted anyway, and a retry reads that count.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from image_store.domain.deadlines import is_too_far_ahead

SHARES_OF_A_RETRY = 5
"""Each image earns one share."""
MOST_RETRIES = 10
SHARE_TIME = timedelta(seconds=12)
"""The time that earns one share, so that a quiet deployment can retry as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """What was left of a provider's retries when the last one was taken."""

    shares: int = MOST_RETRIES * SHARES_OF_A_RETRY
    at: datetime | None = None
    """The end of the counted time; None before the first retry."""
    day: date | None = None
    """The day (UTC) whose images are counted."""
    made: int = 0
    """The number of images of that day that are counted."""

    def refilled(self, now: datetime, *, image_count: int) -> "RetryBudget":
        """The budget with what was earned since; `image_count` counts the images of this day."""
        on = now.date()
        since = self.at
        if since is not None and is_too_far_ahead(since, now, longest=timedelta(0)):
            since = None  # a fast clock has set it: the time counts from now on
        ticks = max(0, (now - since) // SHARE_TIME) if since is not None else 0
        counted = self.made if self.day == on else 0
        return RetryBudget(
            shares=min(self.shares + ticks + max(0, image_count - counted), MOST_RETRIES * SHARES_OF_A_RETRY),
            # The rest of the time counts the next time.
            at=now if since is None else since + ticks * SHARE_TIME,
            day=on,
            made=max(image_count, counted),
        )

    def without_one(self) -> "RetryBudget | None":
        """The budget with one retry less; None if it is empty."""
        left = self.shares - SHARES_OF_A_RETRY
        return replace(self, shares=left) if left >= 0 else None
