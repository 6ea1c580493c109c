"""Provider calls: what they cost, how they ended, and what statistics count of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from image_store.domain.generation.providers import NOT_OF_THE_PROVIDER, OF_A_KEY, Provider, Reason

PROVIDER_RESULTS_PREFIX = "paid/"
"""The prefix of provider results in the private bucket. Its name is older than the word: it stays `paid/`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """One call of a provider; its id fences everything that follows from it."""

    id: str
    """16 hexadecimal digits, unique among all calls."""
    provider: Provider
    model: str
    own_key: bool
    """Whether the owner's own key pays."""
    started_at: datetime

    def result_key(self, job_id: str, index: int) -> str:
        """The key of its result in the private bucket."""
        return f"{PROVIDER_RESULTS_PREFIX}{job_id}/{index:02d}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCallFailure:
    """Why a call failed that was charged for."""

    reason: Reason
    message: str
    is_paid: bool
    """Whether the provider has probably made a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """The cost of a call, and what storing its result needs to know.

    It is stored field by field in front of the result, so fields keep their names.
    """

    call: ProviderCall
    cost_micros: int | None
    """None if the price is unknown."""
    usage: Mapping[str, int] | None
    prices: str
    """The version of the prices."""
    duration_ms: int
    seed: int | None
    size: str
    quality: str | None
    params: Mapping[str, Any]
    generated_at: datetime
    sealed: str | None = None
    """The parameters if they are sealed; `params` is empty then."""
    usage_is_readable: bool = True
    """Whether the usage that the provider reported could be read."""
    pictures: int = 1
    """The number of pictures in the answer."""
    failure: ProviderCallFailure | None = None
    """Why there is no picture; None if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutcome:
    """How a call ended, for ledger, statistics and metrics."""

    call: ProviderCall
    duration_ms: int
    succeeded: bool
    reason: Reason | None = None
    entry: LedgerEntry | None = None
    """None if the call was not charged for."""

    @property
    def is_not_of_provider(self) -> bool:
        """Whether it failed for a reason that does not count against the provider."""
        return self.reason is not None and is_not_of_provider(self.reason, own_key=self.call.own_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPerformance:
    """How many calls of a provider succeeded and failed, how long they took and what they cost."""

    provider: Provider
    succeeded: int = 0
    failed: int = 0
    refused: int = 0
    """Failed calls that do not count against the provider."""
    duration_ms: int = 0
    """The sum over calls that succeeded."""
    cost_micros: int = 0
    unknown_costs: int = 0

    @property
    def success_rate(self) -> float | None:
        """The share of counted calls that succeeded; None if there were none."""
        counted = self.succeeded + self.failed - self.refused
        return self.succeeded / counted if counted > 0 else None

    @property
    def was_used(self) -> bool:
        """Whether it was called."""
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


def is_not_of_provider(reason: Reason, *, own_key: bool) -> bool:
    """Whether the request, the store or an owner's own key caused a failure."""
    return reason in NOT_OF_THE_PROVIDER or (own_key and reason in OF_A_KEY)
