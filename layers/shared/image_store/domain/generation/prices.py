"""What providers charge, as data: looked up by model and unit, valid from a day on, each with its source.

A model has either a price for every unit it counts, or its cost is unknown. Change a price by adding rows with a
later `valid_from` and raising VERSION; rows are never edited, since the ledger names the version it used.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from image_store.domain.generation.money import MICROS, whole_micros
from image_store.domain.generation.providers import Provider, Unit, Usage

VERSION = "2026-11-21"
"""The day the table was last compared with its sources."""

OPENAI_PRICES = "https://developers.openai.com/api/docs/pricing"
GOOGLE_PRICES = "https://ai.google.dev/gemini-api/docs/pricing"
CLOUDFLARE_PRICES = "https://developers.cloudflare.com/workers-ai/platform/pricing/"
POLLINATIONS_PRICES = "https://gen.pollinations.ai/image/models"


@dataclass(frozen=True, slots=True)
class Price:
    """The price of so many units."""

    provider: Provider
    model: str
    unit: Unit
    amount: Decimal
    per: int
    currency: str
    valid_from: date
    source: str

    @property
    def micros_per_unit(self) -> Decimal:
        """Micro-dollars for one unit, exactly."""
        return self.amount * MICROS / self.per


def _million_tokens(
    provider: Provider, models: Iterable[str], source: str, since: date, **amounts: str
) -> tuple[Price, ...]:
    return tuple(
        Price(provider, model, Unit(f"{unit}_token"), Decimal(amount), 1_000_000, "USD", since, source)
        for model in models
        for unit, amount in amounts.items()
    )


def _each(
    provider: Provider, model: str, source: str, since: date, currency: str = "USD", **amounts: str
) -> tuple[Price, ...]:
    return tuple(
        Price(provider, model, Unit(unit), Decimal(amount), 1, currency, since, source)
        for unit, amount in amounts.items()
    )


PRICES: tuple[Price, ...] = (
    # No price is published for text that an image model writes: should one ever count any, its cost is unknown.
    *(
        price
        for models, since in (
            (("gpt-image-2",), date(2026, 4, 21)),
            (("gpt-image-2.5-flare", "gpt-image-2.5-sunburst"), date(2026, 9, 8)),
            (("gpt-image-2.6-flare", "gpt-image-2.6-sunburst"), date(2026, 11, 4)),
        )
        for price in _million_tokens(
            Provider.OPENAI,
            models,
            OPENAI_PRICES,
            since,
            text_input="5",
            image_input="8",
            image_output="30",
        )
    ),
    *_million_tokens(
        Provider.GOOGLE,
        ("gemini-nano-banana-2.1",),
        GOOGLE_PRICES,
        date(2026, 10, 7),
        text_input="1.5",
        image_input="1.5",
        text_output="7.5",
        image_output="30",
    ),
    *_million_tokens(
        Provider.GOOGLE,
        ("gemini-3-pro-image",),
        GOOGLE_PRICES,
        date(2026, 7, 2),
        text_input="2",
        image_input="2",
        text_output="12",
        image_output="120",
    ),
    *_million_tokens(
        Provider.GOOGLE,
        ("gemini-3.1-flash-lite-image",),
        GOOGLE_PRICES,
        date(2026, 6, 30),
        text_input="0.25",
        image_input="0.25",
        text_output="1.5",
        image_output="30",
    ),
    *_each(
        Provider.CLOUDFLARE,
        "@cf/black-forest-labs/flux-1-schnell",
        CLOUDFLARE_PRICES,
        date(2025, 2, 20),
        tile="0.0000528",
        step="0.0001056",
    ),
    # One pollen is one dollar.
    *_each(Provider.POLLINATIONS, "flux", POLLINATIONS_PRICES, date(2026, 7, 30), "pollen", image="0.002"),
    *_each(Provider.POLLINATIONS, "zimage", POLLINATIONS_PRICES, date(2026, 7, 30), "pollen", image="0.004"),
)


def prices_of(provider: Provider, model: str, *, on: date) -> dict[Unit, Price]:
    """The prices of a model that hold on a day, by unit; empty when none is known."""
    held: dict[Unit, Price] = {}
    for price in PRICES:
        if (price.provider, price.model) == (provider, model) and price.valid_from <= on:
            current = held.get(price.unit)
            if current is None or price.valid_from > current.valid_from:
                held[price.unit] = price
    return held


def cost_micros(provider: Provider, model: str, usage: Usage, *, on: date) -> int | None:
    """What a usage costs in micro-dollars, rounded up; None when a price of it is not known."""
    held = prices_of(provider, model, on=on)
    counted = {unit: count for unit, count in usage.items() if count}
    if not counted or not counted.keys() <= held.keys():
        return None
    return whole_micros(sum((held[unit].micros_per_unit * n for unit, n in counted.items()), Decimal(0)))
