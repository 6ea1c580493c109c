"""Which of the candidates is called: the first that is well, or one whose pause is over, to see whether it is."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.breaker import Breaker
from image_store.domain.errors import StorageUnavailable
from image_store.domain.providers import Provider, ProviderFailure, Reason
from image_store.ports.generation import ProviderHealth
from image_store.ports.system import Clock
from image_store.services.generation.choice import Candidate

_NOT_ITS_HEALTH = frozenset({Reason.REFUSED, Reason.BAD_REQUEST, Reason.LOST})
_OF_A_KEY = frozenset({Reason.RATE_LIMITED, Reason.BAD_KEY, Reason.NO_BALANCE, Reason.NO_MODEL})
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody can be called before this."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWatch:
    """Reads circuit breakers, and tells them how calls went."""

    health: ProviderHealth
    clock: Clock

    def choose(self, candidates: Sequence[Candidate], *, last: Provider | None) -> Candidate | Wait:
        """Whom to call now; `last` failed just now, and comes last."""
        now = self.clock.now()
        ranked = sorted(candidates, key=lambda found: found.provider is last)
        breakers = self.health.breakers()
        for found in ranked:
            breaker = breakers[found.provider]
            if breaker.is_closed(now):
                return found
            if breaker.may_probe(now) and self.health.save(found.provider, breaker.probing(now)):
                return found
        return Wait(min(breakers[found.provider].next_try(now) for found in ranked))

    def went_well(self, provider: Provider) -> None:
        """A call succeeded: a breaker that is not at rest closes."""
        with suppress(StorageUnavailable):  # what was paid for is worth more than a count
            breaker = self.health.breakers()[provider]
            if breaker.failures or breaker.open_until is not None:
                self.health.save(provider, breaker.after_success())

    def went_wrong(self, candidate: Provider, failure: ProviderFailure, *, own_key: bool) -> None:
        """A call failed; what lies in the request, or in somebody's own key, says nothing of the provider."""
        with suppress(StorageUnavailable):
            self._count(candidate, failure, own_key=own_key)

    def _count(self, candidate: Provider, failure: ProviderFailure, *, own_key: bool) -> None:
        if failure.reason in _NOT_ITS_HEALTH or (own_key and failure.reason in _OF_A_KEY):
            self._let_go(candidate)
            return
        for _ in range(_TRIES):
            breaker = self.health.breakers()[candidate]
            after = breaker.after_failure(self.clock.now(), pause=failure.retry_after)
            if self.health.save(candidate, after):
                return

    def _let_go(self, provider: Provider) -> None:
        """A probe that told nothing lets the next one try."""
        breaker = self.health.breakers()[provider]
        if breaker.probe_until is not None:
            untried = Breaker(
                failures=breaker.failures,
                openings=breaker.openings,
                open_until=breaker.open_until,
                failed_at=breaker.failed_at,
                version=breaker.version + 1,
            )
            self.health.save(provider, untried)
