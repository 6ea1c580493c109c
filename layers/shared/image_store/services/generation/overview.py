"""The providers as clients see them: models, prices, health and performance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain

from image_store.domain.generation.breaker import Breaker
from image_store.domain.generation.budget import Budgets, Spending
from image_store.domain.generation.catalogue import models_of, prices_of
from image_store.domain.generation.descriptions.description import Model, Price
from image_store.domain.generation.estimates import CostEstimate, cost_estimate
from image_store.domain.generation.ledger import ProviderPerformance
from image_store.domain.generation.providers import Provider
from image_store.ports.generation import Generations, ProviderHealth, ProviderKeys
from image_store.ports.system import Clock

REPORTED_DAYS = 7


@dataclass(frozen=True, slots=True)
class PricedModel:
    """A model with its prices of today, and what its images are expected to cost."""

    model: Model
    prices: tuple[Price, ...]
    estimate: CostEstimate | None
    """None if a price is not known."""


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """A provider as a client sees it."""

    provider: Provider
    is_configured: bool
    has_own_key: bool
    breaker: Breaker
    models: tuple[PricedModel, ...]
    performance: ProviderPerformance

    def health(self, now: datetime) -> str:
        """Its health for clients: `unknown` if it was not called in the last 7 days."""
        known = self.breaker.health(now)
        return known if self.performance.was_used or known != "ok" else "unknown"


@dataclass(frozen=True, slots=True)
class Overview:
    """All providers, and the spending of the caller."""

    providers: tuple[ProviderStatus, ...]
    today: Spending
    month: Spending
    budgets: Budgets
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderOverview:
    """Reads the overview of providers."""

    generations: Generations
    health: ProviderHealth
    keys: ProviderKeys
    order: Sequence[Provider]
    budgets: Budgets
    clock: Clock

    def read(self, owner: str) -> Overview:
        """Read the overview for an owner; performance covers all calls of the last 7 days."""
        now = self.clock.now()
        today = now.date()
        own_keys = self.keys.providers(owner)
        breakers = self.health.breakers()
        performance = self._performance(today)
        ranked = dict.fromkeys((*self.order, *Provider))
        day, month = self.generations.spending(owner, on=today)
        return Overview(
            tuple(
                ProviderStatus(
                    provider,
                    provider in self.order,
                    provider in own_keys,
                    breakers[provider],
                    tuple(_priced(model, today) for model in models_of(provider)),
                    performance[provider],
                )
                for provider in ranked
            ),
            day,
            month,
            self.budgets,
            now,
        )

    def _performance(self, today: date) -> Mapping[Provider, ProviderPerformance]:
        totals = {provider: ProviderPerformance(provider=provider) for provider in Provider}
        tomorrow = today + timedelta(days=1)
        days = self.generations.performance(
            None, since=tomorrow - timedelta(days=REPORTED_DAYS), until=tomorrow
        )
        for row in chain.from_iterable(days.values()):
            totals[row.provider] += row
        return totals


def _priced(model: Model, on: date) -> PricedModel:
    prices = tuple(prices_of(model.provider, model.name, on=on).values())
    return PricedModel(model, prices, cost_estimate(model, on=on))
