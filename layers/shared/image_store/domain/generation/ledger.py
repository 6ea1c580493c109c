"""Provider calls: what they cost, how they ended, and what statistics count of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from image_store.domain.generation.providers import NOT_OF_THE_PROVIDER, OF_A_KEY, Provider, Reason

PROVIDER_RESULTS_PREFIX = "paid/"
"""Below it lie the providers' answers from the moment they arrive until they are images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """One call of a provider: the fence that everything it leads to carries."""

    id: str
    """16 hexadecimal digits, unique among all calls."""
    provider: Provider
    model: str
    own_key: bool
    """Whether the owner's own key pays."""
    started_at: datetime

    def result_key(self, job_id: str, index: int) -> str:
        """Where its answer is kept until it is an image."""
        return f"{PROVIDER_RESULTS_PREFIX}{job_id}/{index:02d}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCallFailure:
    """How a call failed that was charged for."""

    reason: Reason
    message: str
    is_paid: bool
    """Whether a picture was made, as far as anybody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What a call cost, and what has to be known of it to make its answer an image."""

    call: ProviderCall
    cost_micros: int | None
    """None when the price is not known."""
    usage: Mapping[str, int] | None
    prices: str
    """The version of the price table."""
    duration_ms: int
    seed: int | None
    size: str
    quality: str | None
    params: Mapping[str, Any]
    generated_at: datetime
    sealed: str | None = None
    """The parameters, where they are sealed."""
    usage_is_readable: bool = True
    """Whether what the provider said of usage could be read."""
    pictures: int = 1
    """How many pictures the answer held."""
    failure: ProviderCallFailure | None = None
    """Why there is no picture; None where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutcome:
    """What a call came to, for ledger, statistics and metrics."""

    call: ProviderCall
    duration_ms: int
    succeeded: bool
    reason: Reason | None = None
    entry: LedgerEntry | None = None
    """Only of a call that was charged for."""

    @property
    def is_not_of_provider(self) -> bool:
        """Whether it failed, and that says nothing of how well the provider works."""
        return self.reason is not None and says_nothing_of_provider(self.call, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPerformance:
    """How a provider has done."""

    provider: Provider
    succeeded: int = 0
    failed: int = 0
    refused: int = 0
    """Of those that failed, the calls that say nothing of how well the provider works."""
    duration_ms: int = 0
    """Of all that succeeded."""
    cost_micros: int = 0
    unknown_costs: int = 0

    @property
    def success_rate(self) -> float | None:
        """The share of calls that succeeded, without those that failed for the request's sake; None of no calls."""
        judged = self.succeeded + self.failed - self.refused
        return self.succeeded / judged if judged > 0 else None

    @property
    def was_used(self) -> bool:
        """Whether it was called at all."""
        return bool(self.succeeded or self.failed)

    def __add__(self, other: "ProviderPerformance") -> "ProviderPerformance":
        return ProviderPerformance(
            provider=self.provider,
            succeeded=self.succeeded + other.succeeded,
            failed=self.failed + other.failed,
            refused=self.refused + other.refused,
            duration_ms=self.duration_ms + other.duration_ms,
            cost_micros=self.cost_micros + other.cost_micros,
            unknown_costs=self.unknown_costs + other.unknown_costs,
        )


def says_nothing_of_provider(call: ProviderCall, reason: Reason) -> bool:
    """Whether a failure lies in the request, with us, or in an owner's own key."""
    return reason in NOT_OF_THE_PROVIDER or (call.own_key and reason in OF_A_KEY)
