"""Chooses which candidate is called: the first healthy one, or one whose pause is over, as a probe."""

import logging
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.ledger import is_not_of_provider
from image_store.domain.generation.providers import Provider, ProviderFailure, Reason
from image_store.ports.generation import ProviderHealth
from image_store.ports.system import Clock
from image_store.services.generation.choice import ModelCandidate

_TRIES = 8
"""Tries to write a row that other workers write at the same moment; in each round, one of them succeeds."""

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True)
class Wait:
    """No provider can be called before this."""

    until: datetime


@dataclass(frozen=True, slots=True)
class CallPermit:
    """The permission to call one provider once."""

    candidate: ModelCandidate
    is_healthy: bool
    """Whether the provider's breaker counts no failures; a success then has nothing to reset."""
    is_probe: bool = False
    """Whether no other worker may call the provider until this call has ended, or the permit was given back."""


@dataclass(frozen=True, slots=True)
class NoRetryLeft:
    """All remaining candidates have failed at this image, and their retry budgets are empty."""


@dataclass(frozen=True, slots=True)
class CallHistory:
    """The earlier calls for one image."""

    providers: Set[Provider] = frozenset()
    """Providers that failed at it; calling one of them again is a retry."""
    last: Provider | None = None
    reason: str | None = None
    """Why the last one failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWatch:
    """Reads circuit breakers and retry budgets, and records how calls ended."""

    health: ProviderHealth
    clock: Clock

    def choose(
        self, candidates: Sequence[ModelCandidate], history: CallHistory
    ) -> CallPermit | Wait | NoRetryLeft:
        """Choose whom to call now: providers that have not failed at the image come first, the last failed one last.

        Only one worker at a time gets the permit for a probe. If it makes no call, it must `give_back` of the permit.
        """
        now = self.clock.now()
        ranked = sorted(
            candidates,
            key=lambda each: (each.provider in history.providers, each.provider is history.last),
        )
        breakers = self.health.breakers()
        waiting = []
        for candidate in ranked:
            breaker = breakers[candidate.provider]
            if breaker.is_closed(now):
                permit = CallPermit(candidate, is_healthy=not breaker.failures)
                if candidate.provider not in history.providers or _limits_itself(candidate, history):
                    return permit
                has_retry = self._take_retry(candidate.provider, now)
                if has_retry:
                    return permit
                if has_retry is None:
                    waiting.append(now)
            # One probe at a time needs no other limit.
            elif breaker.may_probe(now) and self.health.save(candidate.provider, breaker.with_probe(now)):
                return CallPermit(candidate, is_healthy=False, is_probe=True)
            else:
                waiting.append(breaker.next_try(now))
        return Wait(min(waiting)) if waiting else NoRetryLeft()

    def give_back(self, permit: CallPermit) -> None:
        """Give back a permit without a call; if it was for a probe, another worker may probe."""
        if not permit.is_probe:
            return
        provider = permit.candidate.provider
        with suppress(StorageUnavailable):
            for _ in range(_TRIES):
                breaker = self.health.breakers()[provider]
                if breaker.probe_until is None or self.health.save(provider, breaker.without_probe()):
                    return

    def record_success(self, permit: CallPermit, *, began: datetime) -> None:
        """Record a success: a breaker that was not healthy when the call began closes."""
        if permit.is_healthy:
            return
        provider = permit.candidate.provider
        with suppress(StorageUnavailable):  # the result was paid for and matters more than a count
            for _ in range(_TRIES):
                breaker = self.health.breakers()[provider]
                has_nothing_to_reset = not breaker.failures and breaker.open_until is None
                if (
                    has_nothing_to_reset
                    or breaker.opened_during(began)
                    or self.health.save(provider, breaker.after_success())
                ):
                    return

    def record_failure(self, candidate: ModelCandidate, failure: ProviderFailure, *, began: datetime) -> None:
        """Record a failure; one caused by the request, or by an owner's own key, does not count."""
        with suppress(StorageUnavailable):
            self._count(candidate, failure, began)

    def _count(self, candidate: ModelCandidate, failure: ProviderFailure, began: datetime) -> None:
        provider = candidate.provider
        does_not_count = is_not_of_provider(failure.reason, own_key=candidate.own_key)
        for _ in range(_TRIES):
            breaker = self.health.breakers()[provider]
            if does_not_count:
                if breaker.probe_until is None or breaker.opened_during(began):
                    return
                after = breaker.without_probe()
            else:
                after = breaker.after_failure(self.clock.now(), began=began, pause=failure.retry_after)
            if self.health.save(provider, after):
                return

    def _take_retry(self, provider: Provider, now: datetime) -> bool | None:
        """Take a retry from the provider's budget; False if it is empty, None if other workers were always quicker."""
        for _ in range(_TRIES):
            breaker = self.health.breakers()[provider]
            if not breaker.is_closed(now):
                return None
            image_count = self.health.image_count(provider, on=now.date())
            left = breaker.retries.refilled(now, image_count=image_count).without_one()
            if left is None:
                _log.warning("no retry is left for a provider", extra={"provider": provider.value})
                return False
            if self.health.save(provider, breaker.with_retries(left)):
                return True
        return None


def _limits_itself(candidate: ModelCandidate, history: CallHistory) -> bool:
    """Whether a retry affects only its owner: the rate limit of an own key does not concern others."""
    return candidate.own_key and history.reason == Reason.RATE_LIMITED
