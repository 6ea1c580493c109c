"""Circuit breakers: a provider that keeps failing is left alone for a while, and then tried with one call."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import CLOCK_SKEW, has_passed
from image_store.domain.generation.retry_budget import RetryBudget

FAILURES_TO_OPEN = 5
"""In a row, each of calls that began within WINDOW of the failure before."""
WINDOW = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
_MAX_OPENINGS = 10
PROBE_TIME = timedelta(minutes=5)
"""A probe that was not heard of for so long counts as dead."""
LOOK_AGAIN = timedelta(seconds=10)
"""When to look whether a probe has told something: it may take seconds or minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How a provider has done lately; the row of each provider's."""

    failures: int = 0
    """In a row."""
    openings: int = 0
    """In a row, without a success between them."""
    open_until: datetime | None = None
    failed_at: datetime | None = None
    probe_until: datetime | None = None
    opened_at: datetime | None = None
    """When it opened last; calls that began before that say nothing new."""
    retries: RetryBudget = field(default_factory=RetryBudget)
    version: int = 0

    def is_closed(self, now: datetime) -> bool:
        """Whether calls may be made freely."""
        return self.open_until is None

    def may_probe(self, now: datetime) -> bool:
        """Whether its pause is over and nobody is trying it."""
        return self.open_until is not None and not self._is_pausing(now) and not self._is_probed(now)

    def next_try(self, now: datetime) -> datetime:
        """When it is worth to ask again."""
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

    def probing(self, now: datetime) -> "Breaker":
        """With a call under way that decides."""
        return replace(self, probe_until=now + PROBE_TIME, version=self.version + 1)

    def knew_of(self, began: datetime) -> bool:
        """Whether a call began before it opened, and so tells only what was known then."""
        if self.opened_at is None or self.open_until is None:
            return False
        # No call runs longer: a later time was set by a clock that ran ahead.
        return began < self.opened_at <= began + PROBE_TIME + CLOCK_SKEW

    def retrying(self, retries: RetryBudget) -> "Breaker":
        """With this much of the retries left."""
        return replace(self, retries=retries, version=self.version + 1)

    def untried(self) -> "Breaker":
        """With a probe that told nothing: the next one may try."""
        return replace(self, probe_until=None, version=self.version + 1)

    def after_success(self) -> "Breaker":
        """All well again."""
        return Breaker(retries=self.retries, version=self.version + 1)

    def after_failure(self, now: datetime, *, began: datetime, pause: timedelta | None = None) -> "Breaker":
        """One failure more, of a call that began then; `pause` is what the provider asked for, and opens at once.

        Calls that were under way when it opened do not make its pause longer than the provider asks for: with many
        workers they would, all at once, and for minutes.
        """
        asked = min(pause, LONGEST_PAUSE) if pause is not None else None
        if self.open_until is not None and self.knew_of(began):
            until = min(self.open_until, now + LONGEST_PAUSE)  # a clock that ran ahead may have set it
            later = max(until, now + asked) if asked is not None else until
            return replace(self, open_until=later, failed_at=now, version=self.version + 1)
        # From the start of the call, or a provider that hangs would never count as failing.
        # One that failed long after this call began was written down by a clock that ran ahead.
        since = began - self.failed_at if self.failed_at is not None else None
        recent = since is not None and -(PROBE_TIME + CLOCK_SKEW) <= since <= WINDOW
        failures = self.failures + 1 if recent or self.open_until is not None else 1
        if self.open_until is not None or failures >= FAILURES_TO_OPEN:
            # A limit that passes in seconds is none that has to be waited for by the minute.
            first = asked if asked is not None and self.open_until is not None else FIRST_PAUSE
            wait = max(min(first * 2**self.openings, LONGEST_PAUSE), asked or first)
            openings = min(self.openings + 1, _MAX_OPENINGS)
        elif asked is not None:
            wait, openings = asked, max(self.openings, 1)
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
