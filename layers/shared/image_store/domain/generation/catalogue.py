"""Finds the descriptions of providers, their models by name, and their prices on a day.

`Provider` is the registry. Everything else about a provider is found by its name: its description here, its adapter in
`adapters/providers`, its stand-in in `local/providers`.

A model has either a price for every unit it counts, or its cost is unknown. To change a price, add one with a later
`valid_from` and raise PRICES_VERSION. Prices are never edited, since the ledger names the version it used.
"""

from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module

from image_store.domain.generation.descriptions.description import Model, Price, ProviderDescription
from image_store.domain.generation.money import whole_micros
from image_store.domain.generation.providers import Provider, Unit, Usage

PRICES_VERSION = "2026-11-21"
"""The day the prices were last compared with their sources."""


@cache
def description_of(provider: Provider) -> ProviderDescription:
    """The description of a provider."""
    module = import_module(f"image_store.domain.generation.descriptions.{provider}")
    description: ProviderDescription = module.DESCRIPTION
    return description


def models_of(provider: Provider) -> tuple[Model, ...]:
    """The listed models of a provider, the default first."""
    return description_of(provider).models


def model_named(name: str) -> Model | None:
    """The listed model of a name."""
    return next((model for provider in Provider for model in models_of(provider) if model.name == name), None)


def unlisted_model(provider: Provider, name: str) -> Model | None:
    """A model that is not listed and has no known price; None if the provider takes only listed models."""
    describe = description_of(provider).unlisted_model
    return describe(name) if describe is not None else None


def prices_of(provider: Provider, model: str, *, on: date) -> dict[Unit, Price]:
    """The prices of a model that are valid on a day, by unit; empty if none is known."""
    valid: dict[Unit, Price] = {}
    for price in description_of(provider).prices:
        if price.model == model and price.valid_from <= on:
            current = valid.get(price.unit)
            if current is None or price.valid_from > current.valid_from:
                valid[price.unit] = price
    return valid


def cost_micros(provider: Provider, model: str, usage: Usage, *, on: date) -> int | None:
    """What a usage costs in micro-dollars, rounded up; None if a price is not known."""
    prices = prices_of(provider, model, on=on)
    counted = {unit: count for unit, count in usage.items() if count}
    if not counted or not counted.keys() <= prices.keys():
        return None
    return whole_micros(sum((prices[unit].micros_per_unit * n for unit, n in counted.items()), Decimal(0)))
