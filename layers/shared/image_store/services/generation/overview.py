"""What clients are told of providers: models, prices, health, and how they have done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain

from image_store.domain.generation.breaker import Breaker
from image_store.domain.generation.budget import Spending
from image_store.domain.generation.catalogue import models_of
from image_store.domain.generation.descriptions.description import Model, Price
from image_store.domain.generation.ledger import ProviderPerformance
from image_store.domain.generation.prices import prices_of
from image_store.domain.generation.providers import Provider
from image_store.ports.generation import Generations, ProviderHealth, ProviderKeys
from image_store.ports.system import Clock

REPORTED_DAYS = 7


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model with its prices of today."""

    model: Model
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class ListedProvider:
    """A provider as a client sees it."""

    provider: Provider
    configured: bool
    own_key: bool
    breaker: Breaker
    models: tuple[ListedModel, ...]
    performance: ProviderPerformance

    def health(self, now: datetime) -> str:
        """As clients see it: `unknown` of a provider that was not called in the last days."""
        known = self.breaker.health(now)
        return known if self.performance.was_used or known != "ok" else "unknown"


@dataclass(frozen=True, slots=True)
class Overview:
    """All providers, and what the caller has spent on them."""

    providers: tuple[ListedProvider, ...]
    today: Spending
    month: Spending
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderOverview:
    """Tells of providers."""

    generations: Generations
    health: ProviderHealth
    keys: ProviderKeys
    order: Sequence[Provider]
    clock: Clock

    def tell(self, owner: str) -> Overview:
        """What there is to know for an owner: how providers did is of everybody's calls in the last 7 days."""
        now = self.clock.now()
        today = now.date()
        own = self.keys.providers(owner)
        breakers = self.health.breakers()
        done = self._done(today)
        ranked = dict.fromkeys((*self.order, *Provider))
        day, month = self.generations.spending(owner, on=today)
        return Overview(
            tuple(
                ListedProvider(
                    provider,
                    provider in self.order,
                    provider in own,
                    breakers[provider],
                    tuple(_listed(model, today) for model in models_of(provider)),
                    done[provider],
                )
                for provider in ranked
            ),
            day,
            month,
            now,
        )

    def _done(self, today: date) -> Mapping[Provider, ProviderPerformance]:
        done = {provider: ProviderPerformance(provider=provider) for provider in Provider}
        tomorrow = today + timedelta(days=1)
        days = self.generations.performance(
            None, since=tomorrow - timedelta(days=REPORTED_DAYS), until=tomorrow
        )
        for found in chain.from_iterable(days.values()):
            done[found.provider] += found
        return done


def _listed(model: Model, on: date) -> ListedModel:
    return ListedModel(model, tuple(prices_of(model.provider, model.name, on=on).values()))
