"""What the description of a provider consists of: models with their limits and estimates, and prices."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from image_store.domain.generation.money import MICROS
from image_store.domain.generation.providers import Background, OutputFormat, Provider, Unit, Usage

SQUARE_PIXELS = 1024 * 1024
_TEXT_CHARS_PER_TOKEN = 2
"""A cautious estimate: English has about four characters in a token, other scripts fewer."""
_TOKENS_OF_A_REFERENCE = 2_000
_MAX_SHAPE_DIFFERENCE = 1.5
"""The largest factor between the requested shape and that of a model with sizes of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of one provider."""

    provider: Provider
    name: str
    max_prompt: int
    """Characters."""
    max_references: int = 0
    sizes: tuple[str, ...] = ()
    """The sizes it can make, the default first; empty if it makes any size within the limits below."""
    multiple_of: int = 1
    min_side: int = 1
    max_side: int = 4096
    min_pixels: int = 1
    max_pixels: int = 4 * SQUARE_PIXELS
    default_size: str = "1024x1024"
    qualities: tuple[str, ...] = ()
    """The default first; empty if there is no choice."""
    backgrounds: tuple[Background, ...] = ("auto", "opaque")
    """Those it can be asked for, the default first. A model without a choice makes opaque pictures."""
    output_formats: tuple[OutputFormat, ...]
    """Those it can be asked for, the default first; a model without a choice has one."""
    takes_seeds: bool = False
    takes_negative_prompt: bool = False
    estimate: "Estimate"
    """Estimates the usage of one image."""
    image_tokens: Mapping[str, int] = field(default_factory=dict)
    """Estimated tokens of an image of 1024x1024, by quality or size class."""
    steps: int = 0
    source: str = ""
    """The address of its documentation; empty for a model that is not listed."""
    checked: date | None = None
    """The day it was last compared with its documentation."""

    @property
    def is_listed(self) -> bool:
        """Whether its limits are known."""
        return bool(self.source)

    def size(self, requested: str | None) -> tuple[int, int]:
        """The size in pixels that the model makes for a requested size; None is its default."""
        if requested is None:
            return parse_size(self.default_size)
        width, height = parse_size(requested)
        if not self.sizes:
            return width, height
        ratio = width / height
        return min(
            map(parse_size, self.sizes),
            key=lambda known: (abs(known[0] / known[1] - ratio), abs(known[0] - width)),
        )

    def fits(self, requested: str | None) -> bool:
        """Whether the model can make a requested size, or one of nearly its shape."""
        if requested is None:
            return True
        width, height = parse_size(requested)
        if self.sizes:
            own_width, own_height = self.size(requested)
            return (
                _MAX_SHAPE_DIFFERENCE
                > (width * own_height) / (height * own_width)
                > 1 / _MAX_SHAPE_DIFFERENCE
            )
        return (
            width % self.multiple_of == 0
            and height % self.multiple_of == 0
            and min(width, height) >= self.min_side
            and max(width, height) <= self.max_side
            and self.min_pixels <= width * height <= self.max_pixels
            and max(width, height) <= 3 * min(width, height)
        )

    def quality(self, requested: str | None) -> str | None:
        """The quality that is sent: the requested one if the model has it, otherwise its default."""
        if not self.qualities:
            return None
        return requested if requested in self.qualities else self.qualities[0]

    def estimated_usage(
        self, *, prompt: str, size: str | None, quality: str | None, references: int
    ) -> Usage:
        """The estimated usage of an image, to hold its cost; the provider counts the actual usage."""
        width, height = self.size(size)
        return self.estimate(
            self,
            EstimateInput(prompt=prompt, width=width, height=height, quality=quality, references=references),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateInput:
    """One image whose usage is estimated."""

    prompt: str
    width: int
    height: int
    quality: str | None
    references: int

    @property
    def text_tokens(self) -> int:
        """The estimated tokens of the prompt."""
        return -(-len(self.prompt) // _TEXT_CHARS_PER_TOKEN)

    @property
    def reference_tokens(self) -> int:
        """The estimated tokens of the references."""
        return self.references * _TOKENS_OF_A_REFERENCE


Estimate = Callable[[Model, EstimateInput], Usage]


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of `WIDTHxHEIGHT`."""
    width, _, height = text.partition("x")
    return int(width), int(height)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of so many units."""

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


def per_million_tokens(models: Iterable[str], source: str, since: date, **amounts: str) -> tuple[Price, ...]:
    """Prices in dollars for a million tokens of each unit, for models that share them."""
    return tuple(
        Price(model, Unit(f"{unit}_token"), Decimal(amount), 1_000_000, "USD", since, source)
        for model in models
        for unit, amount in amounts.items()
    )


def per_unit(
    model: str, source: str, since: date, currency: str = "USD", **amounts: str
) -> tuple[Price, ...]:
    """Prices of one unit each."""
    return tuple(
        Price(model, Unit(unit), Decimal(amount), 1, currency, since, source)
        for unit, amount in amounts.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDescription:
    """All that the domain knows about one provider.

    The docstring of its module says how it was compared with its sources; docs/generation.md repeats it.
    """

    provider: Provider
    title: str
    """Its name in the documentation."""
    models: tuple[Model, ...]
    """The default first."""
    prices: tuple[Price, ...]
    needs_account: bool = False
    """Whether a key is only valid together with an account id."""
    unlisted_model: Callable[[str], Model] | None = None
    """Describes a model that is not listed, by its name; None if the provider takes only listed models."""
