"""Circuit breakers: a provider that keeps failing is not called for a while, and then probed with one call."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import CLOCK_SKEW, has_passed
from image_store.domain.generation.retry_budget import RetryBudget

FAILURES_TO_OPEN = 5
"""Failures in a row, each of a call that began within WINDOW of the failure before."""
WINDOW = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
_MAX_OPENINGS = 10
PROBE_TIME = timedelta(minutes=5)
"""A probe without an outcome after this time counts as dead."""
LOOK_AGAIN = timedelta(seconds=10)
"""When to check for the outcome of a probe, which takes seconds or minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The recent failures of one provider."""

    failures: int = 0
    """In a row."""
    openings: int = 0
    """Openings in a row, without a success between them."""
    open_until: datetime | None = None
    failed_at: datetime | None = None
    probe_until: datetime | None = None
    opened_at: datetime | None = None
    """When it opened last; calls that began before that bring no news."""
    retries: RetryBudget = field(default_factory=RetryBudget)
    version: int = 0

    def is_closed(self, now: datetime) -> bool:
        """Whether calls are allowed without a probe."""
        return self.open_until is None

    def may_probe(self, now: datetime) -> bool:
        """Whether its pause is over and no probe is running."""
        return self.open_until is not None and not self._is_pausing(now) and not self._is_probed(now)

    def next_try(self, now: datetime) -> datetime:
        """When to check again."""
        if self.open_until is not None and self._is_pausing(now):
            return self.open_until
        if self.probe_until is not None and self._is_probed(now):
            return min(self.probe_until, now + LOOK_AGAIN)
        return now

    def health(self, now: datetime) -> str:
        """As clients see it: ok, degraded (open, or tried with one call) or down."""
        if self.open_until is None:
            return "ok" if self.failures == 0 else "degraded"
        return "down" if self._is_pausing(now) else "degraded"

    def _is_pausing(self, now: datetime) -> bool:
        return self.open_until is not None and not has_passed(self.open_until, now, longest=LONGEST_PAUSE)

    def _is_probed(self, now: datetime) -> bool:
        return self.probe_until is not None and not has_passed(self.probe_until, now, longest=PROBE_TIME)

    def with_probe(self, now: datetime) -> "Breaker":
        """The breaker with a probe running."""
        return replace(self, probe_until=now + PROBE_TIME, version=self.version + 1)

    def opened_during(self, began: datetime) -> bool:
        """Whether it opened while a call was running that began at `began`; the end of such a call is no news."""
        if self.opened_at is None or self.open_until is None:
            return False
        # No call runs longer than PROBE_TIME: a fast clock has set a later time.
        return began < self.opened_at <= began + PROBE_TIME + CLOCK_SKEW

    def with_retries(self, retries: RetryBudget) -> "Breaker":
        """The breaker with this retry budget."""
        return replace(self, retries=retries, version=self.version + 1)

    def without_probe(self) -> "Breaker":
        """The breaker after a probe without an outcome: another probe may start."""
        return replace(self, probe_until=None, version=self.version + 1)

    def after_success(self) -> "Breaker":
        """The breaker after a success: closed, without failures."""
        return Breaker(retries=self.retries, version=self.version + 1)

    def after_failure(self, now: datetime, *, began: datetime, pause: timedelta | None = None) -> "Breaker":
        """The breaker after one more failure of a call that began at `began`.

        `pause` is the wait that the provider asked for; it opens the breaker at once. Calls that were running when the
        breaker opened do not extend its pause beyond that wait. Otherwise many workers would extend it together.
        """
        requested = min(pause, LONGEST_PAUSE) if pause is not None else None
        if self.open_until is not None and self.opened_during(began):
            until = min(self.open_until, now + LONGEST_PAUSE)  # a fast clock may have set it
            later = max(until, now + requested) if requested is not None else until
            return replace(self, open_until=later, failed_at=now, version=self.version + 1)
        # Measured from the start of the call; otherwise a provider that hangs would never count as failing.
        # If the last failure is long after the start of this call, a fast clock has recorded it.
        since = began - self.failed_at if self.failed_at is not None else None
        recent = since is not None and -(PROBE_TIME + CLOCK_SKEW) <= since <= WINDOW
        failures = self.failures + 1 if recent or self.open_until is not None else 1
        if self.open_until is not None or failures >= FAILURES_TO_OPEN:
            # A rate limit that passes in seconds needs no pause of minutes.
            first = requested if requested is not None and self.open_until is not None else FIRST_PAUSE
            wait = max(min(first * 2**self.openings, LONGEST_PAUSE), requested or first)
            openings = min(self.openings + 1, _MAX_OPENINGS)
        elif requested is not None:
            wait, openings = requested, max(self.openings, 1)
        else:
            return replace(self, failures=failures, failed_at=now, version=self.version + 1)
        return replace(
            self,
            failures=failures,
            openings=openings,
            open_until=now + wait,
            opened_at=now,
            failed_at=now,
            probe_until=None,
            version=self.version + 1,
        )
