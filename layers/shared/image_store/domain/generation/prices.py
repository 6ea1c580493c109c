"""Prices of models on a day, and the cost of a usage.

The prices stand in the descriptions of the providers. A model has either a price for every unit it counts, or its cost
is unknown. To change a price, add one with a later `valid_from` and raise VERSION. Prices are never edited, since the
ledger names the version it used.
"""

from datetime import date
from decimal import Decimal

from image_store.domain.generation.catalogue import description_of
from image_store.domain.generation.descriptions.description import Price
from image_store.domain.generation.money import whole_micros
from image_store.domain.generation.providers import Provider, Unit, Usage

VERSION = "2026-11-21"
"""The day the prices were last compared with their sources."""


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
