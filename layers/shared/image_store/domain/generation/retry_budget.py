"""Retry budgets: of the calls of a provider, only so many may be repetitions, whoever wants them.

Each image that a provider makes earns a fifth of a retry and each minute a whole one; a bucket for each provider keeps
at most ten of them, and every retry takes one. A provider that fails now and then has all its failures tried again; one
that fails mostly is called hardly more often than there are images to make.

What was earned is not written down by those who earn it: they are counted anyhow, and whoever needs a retry looks at
that count. So a call that succeeds writes nothing here.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from image_store.domain.deadlines import was_never_meant

SHARES_OF_A_RETRY = 5
"""An image that was made earns one share."""
MOST_RETRIES = 10
SHARE_TIME = timedelta(seconds=12)
"""In which a share is earned whatever happens, so that the few images of a quiet deployment are tried again as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """What is left of a provider's retries, as of the last time that one was taken."""

    shares: int = MOST_RETRIES * SHARES_OF_A_RETRY
    at: datetime | None = None
    """Until when the time is counted; None before the first retry."""
    day: date | None = None
    """The day (UTC) whose images are counted."""
    made: int = 0
    """How many images of that day are counted."""

    def filled(self, now: datetime, *, made: int) -> "RetryBudget":
        """With what was earned since; `made` is how many images the provider has made on this day."""
        on = now.date()
        since = self.at
        if since is not None and was_never_meant(since, now, longest=timedelta(0)):
            since = None  # by a clock that ran ahead: the time counts from now on
        ticks = max(0, (now - since) // SHARE_TIME) if since is not None else 0
        counted = self.made if self.day == on else 0
        return RetryBudget(
            shares=min(self.shares + ticks + max(0, made - counted), MOST_RETRIES * SHARES_OF_A_RETRY),
            # What is left over of the time counts the next time.
            at=now if since is None else since + ticks * SHARE_TIME,
            day=on,
            made=max(made, counted),
        )

    def taken(self) -> "RetryBudget | None":
        """With one retry less; None when there is none left."""
        left = self.shares - SHARES_OF_A_RETRY
        return replace(self, shares=left) if left >= 0 else None
