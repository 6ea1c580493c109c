"""Which of the candidates is called: the first that is well, or one whose pause is over, to see whether it is."""

import logging
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.errors import StorageUnavailable
from image_store.domain.generation.providers import (
    NOT_OF_THE_PROVIDER,
    OF_A_KEY,
    Provider,
    ProviderFailure,
    Reason,
)
from image_store.ports.generation import ProviderHealth
from image_store.ports.system import Clock
from image_store.services.generation.choice import ModelCandidate

_TRIES = 8
"""At a row that others write at the same moment; each time, one of them succeeds."""

_log = logging.getLogger("image_store.generation")


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody can be called before this."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom to call."""

    candidate: ModelCandidate
    at_rest: bool
    """Whether nothing is held against the provider: a success then has nothing to set right."""
    is_probe: bool = False
    """Whether nobody else tries the provider until this call has told something, or is let go."""


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Whoever is left has failed at this image, and is not to be called again for it: too many calls fail."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What an image has behind it."""

    providers: Set[Provider] = frozenset()
    """Those that failed at it; to call one of them again is a retry."""
    last: Provider | None = None
    reason: str | None = None
    """Why the last one failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWatch:
    """Reads circuit breakers and retry budgets, and tells them how calls went."""

    health: ProviderHealth
    clock: Clock

    def choose(self, candidates: Sequence[ModelCandidate], tried: Tried) -> Chosen | Wait | UsedUp:
        """Whom to call now: those first who have not failed at the image, and the one who did last at the end.

        Whoever is chosen for a probe is the only one; `let_go` of it when it is not called after all.
        """
        now = self.clock.now()
        ranked = sorted(
            candidates, key=lambda found: (found.provider in tried.providers, found.provider is tried.last)
        )
        breakers = self.health.breakers()
        waiting = []
        for found in ranked:
            breaker = breakers[found.provider]
            if breaker.is_closed(now):
                chosen = Chosen(found, at_rest=not breaker.failures)
                if found.provider not in tried.providers or _limits_itself(found, tried):
                    return chosen
                taken = self._take_retry(found.provider, now)
                if taken:
                    return chosen
                if taken is None:
                    waiting.append(now)
            # One probe at a time needs no other limit.
            elif breaker.may_probe(now) and self.health.save(found.provider, breaker.probing(now)):
                return Chosen(found, at_rest=False, is_probe=True)
            else:
                waiting.append(breaker.next_try(now))
        return Wait(min(waiting)) if waiting else UsedUp()

    def let_go(self, chosen: Chosen) -> None:
        """A probe that was not made lets the next one try; whoever is no probe holds none, and leaves others' alone."""
        if not chosen.is_probe:
            return
        provider = chosen.candidate.provider
        with suppress(StorageUnavailable):
            for _ in range(_TRIES):
                breaker = self.health.breakers()[provider]
                if breaker.probe_until is None or self.health.save(provider, breaker.untried()):
                    return

    def went_well(self, chosen: Chosen, *, began: datetime) -> None:
        """A call succeeded: a breaker that was not at rest when it began closes."""
        if chosen.at_rest:
            return
        provider = chosen.candidate.provider
        with suppress(StorageUnavailable):  # what was paid for is worth more than a count
            for _ in range(_TRIES):
                breaker = self.health.breakers()[provider]
                is_at_rest = not breaker.failures and breaker.open_until is None
                if (
                    is_at_rest
                    or breaker.knew_of(began)
                    or self.health.save(provider, breaker.after_success())
                ):
                    return

    def went_wrong(self, candidate: ModelCandidate, failure: ProviderFailure, *, began: datetime) -> None:
        """A call failed; what lies in the request, or in somebody's own key, says nothing of the provider."""
        with suppress(StorageUnavailable):
            self._count(candidate, failure, began)

    def _count(self, candidate: ModelCandidate, failure: ProviderFailure, began: datetime) -> None:
        provider, reason = candidate.provider, failure.reason
        said_nothing = reason in NOT_OF_THE_PROVIDER or (candidate.own_key and reason in OF_A_KEY)
        for _ in range(_TRIES):
            breaker = self.health.breakers()[provider]
            if said_nothing:
                if breaker.probe_until is None or breaker.knew_of(began):
                    return
                after = breaker.untried()
            else:
                after = breaker.after_failure(self.clock.now(), began=began, pause=failure.retry_after)
            if self.health.save(provider, after):
                return

    def _take_retry(self, provider: Provider, now: datetime) -> bool | None:
        """Whether a retry of this provider is there, and taken; None when others were always quicker."""
        for _ in range(_TRIES):
            breaker = self.health.breakers()[provider]
            if not breaker.is_closed(now):
                return None
            made = self.health.made(provider, on=now.date())
            left = breaker.retries.filled(now, made=made).taken()
            if left is None:
                _log.warning("no retry is left for a provider", extra={"provider": provider.value})
                return False
            if self.health.save(provider, breaker.retrying(left)):
                return True
        return None


def _limits_itself(candidate: ModelCandidate, tried: Tried) -> bool:
    """Whether a retry concerns nobody but its owner: the limit of an own key, with which others have to do nothing."""
    return candidate.own_key and tried.reason == Reason.RATE_LIMITED
