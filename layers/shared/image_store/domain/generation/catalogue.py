"""The models that are known, and what they can do: data, not code, each with its source and the day it was compared.

A model that is not listed can still be asked of OpenAI and of what is compatible with it; its price is then unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from image_store.domain.generation.providers import Provider, Unit, Usage

_TILE = 512
_TEXT_CHARS_PER_TOKEN = 2
"""A cautious estimate: English has about four characters in a token, other scripts fewer."""
_TOKENS_OF_A_REFERENCE = 2_000
_TOKENS_OF_THOUGHTS = 1_000
_SQUARE_PIXELS = 1024 * 1024
_ODDEST_SHAPE = 1.5
"""By how much the shape of what is made may differ from what was asked for, where a model has sizes of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of one provider."""

    provider: Provider
    name: str
    max_prompt: int
    """Characters."""
    max_references: int = 0
    sizes: tuple[str, ...] = ()
    """The sizes it knows, the default first; empty when any will do, within `multiple_of` and `max_pixels`."""
    multiple_of: int = 1
    min_side: int = 1
    max_side: int = 4096
    min_pixels: int = 1
    max_pixels: int = 4 * _SQUARE_PIXELS
    default_size: str = "1024x1024"
    qualities: tuple[str, ...] = ()
    """The default first; empty when there is no choice."""
    seeds: bool = False
    negative_prompt: bool = False
    image_tokens: Mapping[str, int] = field(default_factory=dict)
    """Tokens that an image of 1024x1024 is expected to take, by quality or size class."""
    steps: int = 0
    source: str = ""
    """Where it is documented; empty for a model that is not listed."""
    checked: date | None = None
    """When it was last compared with that."""

    def size(self, asked: str | None) -> tuple[int, int]:
        """The size in pixels that is made when one is asked for, or none."""
        if asked is None:
            return parse_size(self.default_size)
        wanted = parse_size(asked)
        if not self.sizes:
            return wanted
        ratio = wanted[0] / wanted[1]
        return min(
            map(parse_size, self.sizes),
            key=lambda known: (abs(known[0] / known[1] - ratio), abs(known[0] - wanted[0])),
        )

    def fits(self, asked: str | None) -> bool:
        """Whether a size can be asked of the model."""
        if asked is None:
            return True
        width, height = parse_size(asked)
        if self.sizes:
            made = self.size(asked)
            return _ODDEST_SHAPE > (width * made[1]) / (height * made[0]) > 1 / _ODDEST_SHAPE
        return (
            width % self.multiple_of == 0
            and height % self.multiple_of == 0
            and min(width, height) >= self.min_side
            and max(width, height) <= self.max_side
            and self.min_pixels <= width * height <= self.max_pixels
            and max(width, height) <= 3 * min(width, height)
        )

    def quality(self, asked: str | None) -> str | None:
        """The quality that is sent: what was asked for where the model has it, or else its default."""
        if not self.qualities:
            return None
        return asked if asked in self.qualities else self.qualities[0]

    def expected(self, *, prompt: str, size: str | None, quality: str | None, references: int) -> Usage:
        """What an image is expected to take, to reserve its cost; what it took is the provider's to say."""
        width, height = self.size(size)
        if self.provider is Provider.POLLINATIONS:
            return {Unit.IMAGE: 1}
        if self.provider is Provider.CLOUDFLARE:
            tiles = -(-width // _TILE) * -(-height // _TILE)
            return {Unit.TILE: tiles, Unit.STEP: self.steps}
        usage = {
            Unit.TEXT_INPUT_TOKEN: -(-len(prompt) // _TEXT_CHARS_PER_TOKEN),
            Unit.IMAGE_INPUT_TOKEN: references * _TOKENS_OF_A_REFERENCE,
            Unit.IMAGE_OUTPUT_TOKEN: self._output_tokens(width, height, quality),
        }
        if self.provider is Provider.GOOGLE:
            usage[Unit.TEXT_OUTPUT_TOKEN] = _TOKENS_OF_THOUGHTS
        return usage

    def _output_tokens(self, width: int, height: int, quality: str | None) -> int:
        if self.provider is Provider.GOOGLE:
            return self.image_tokens[size_class(width, height)]
        tokens = self.image_tokens.get(self.quality(quality) or "", 0)
        return -(-tokens * max(width * height, _SQUARE_PIXELS) // _SQUARE_PIXELS)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of `WIDTHxHEIGHT`."""
    width, _, height = text.partition("x")
    return int(width), int(height)


def size_class(width: int, height: int) -> str:
    """The class that Google knows a size by: 1K, 2K or 4K."""
    longest = max(width, height)
    if longest <= 1536:
        return "1K"
    return "2K" if longest <= 3072 else "4K"


_GOOGLE_SIZES = (
    "1024x1024", "848x1264", "1264x848", "896x1200", "1200x896", "768x1376", "1376x768", "1584x672",
    "2048x2048", "1696x2528", "2528x1696", "1792x2400", "2400x1792", "1536x2752", "2752x1536",
    "4096x4096", "3392x5056", "5056x3392", "3584x4800", "4800x3584", "3072x5504", "5504x3072",
)  # fmt: skip
_ONLY_1K = _GOOGLE_SIZES[:8]
_OPENAI_2 = ("medium", "low", "high")
_OPENAI_25 = ("medium", "low", "high", "xhigh", "max")
_CHECKED = date(2026, 11, 21)
_OPENAI_MODELS = "https://developers.openai.com/api/docs/models/"
_GOOGLE_MODELS = "https://ai.google.dev/gemini-api/docs/models/"
_CLOUDFLARE_MODELS = "https://developers.cloudflare.com/workers-ai/models/"
_POLLINATIONS_MODELS = "https://gen.pollinations.ai/image/models"


def _openai(name: str, qualities: tuple[str, ...], image_tokens: Mapping[str, int]) -> Model:
    return Model(
        provider=Provider.OPENAI,
        name=name,
        max_prompt=32_000,
        max_references=16,
        multiple_of=16,
        max_side=3840,
        min_pixels=655_360,
        max_pixels=3840 * 2160,
        qualities=qualities,
        image_tokens=image_tokens,
        source=_OPENAI_MODELS + name,
        checked=_CHECKED,
    )


_TOKENS_2 = {"low": 196, "medium": 1_756, "high": 7_024}
_TOKENS_25 = {"low": 196, "medium": 439, "high": 1_756, "xhigh": 3_122, "max": 7_024}
_TOKENS_26 = _TOKENS_25 | {"low": 784, "medium": 1_756}
"""Low and medium take three to four times as many as before."""

MODELS: tuple[Model, ...] = (
    Model(
        provider=Provider.GOOGLE,
        name="gemini-nano-banana-2.1",
        max_prompt=8_000,
        max_references=10,
        sizes=_GOOGLE_SIZES,
        image_tokens={"1K": 1_120, "2K": 1_680, "4K": 2_520},
        source=_GOOGLE_MODELS + "gemini-nano-banana-2.1",
        checked=_CHECKED,
    ),
    Model(
        provider=Provider.GOOGLE,
        name="gemini-3-pro-image",
        max_prompt=8_000,
        max_references=10,
        sizes=_GOOGLE_SIZES,
        image_tokens={"1K": 1_120, "2K": 1_120, "4K": 2_000},
        source=_GOOGLE_MODELS + "gemini-3-pro-image",
        checked=_CHECKED,
    ),
    Model(
        provider=Provider.GOOGLE,
        name="gemini-3.1-flash-lite-image",
        max_prompt=8_000,
        max_references=10,
        sizes=_ONLY_1K,
        image_tokens={"1K": 1_120, "2K": 1_120},
        source=_GOOGLE_MODELS + "gemini-3.1-flash-lite-image",
        checked=_CHECKED,
    ),
    # The default is the one whose drafts cost least.
    _openai("gpt-image-2.5-flare", _OPENAI_25, _TOKENS_25),
    _openai("gpt-image-2.5-sunburst", _OPENAI_25, _TOKENS_25),
    _openai("gpt-image-2.6-flare", _OPENAI_25, _TOKENS_26),
    _openai("gpt-image-2.6-sunburst", _OPENAI_25, _TOKENS_26),
    _openai("gpt-image-2", _OPENAI_2, _TOKENS_2),
    Model(
        provider=Provider.CLOUDFLARE,
        name="@cf/black-forest-labs/flux-1-schnell",
        max_prompt=2_048,
        sizes=("1024x1024",),
        steps=4,
        source=_CLOUDFLARE_MODELS + "flux-1-schnell/",
        checked=_CHECKED,
    ),
    Model(
        provider=Provider.CLOUDFLARE,
        name="@cf/bytedance/stable-diffusion-xl-lightning",
        max_prompt=2_048,
        min_side=256,
        max_side=2048,
        max_pixels=2048 * 2048,
        seeds=True,
        negative_prompt=True,
        steps=4,
        source=_CLOUDFLARE_MODELS + "stable-diffusion-xl-lightning/",
        checked=_CHECKED,
    ),
    *(
        Model(
            provider=Provider.POLLINATIONS,
            name=name,
            max_prompt=4_000,
            max_pixels=2048 * 2048,
            seeds=True,
            negative_prompt=True,
            source=_POLLINATIONS_MODELS,
            checked=_CHECKED,
        )
        for name in ("flux", "zimage")
    ),
)
"""The first model of a provider is its default."""


def models_of(provider: Provider) -> tuple[Model, ...]:
    """The listed models of a provider, the default first."""
    return tuple(model for model in MODELS if model.provider is provider)


def model_named(name: str) -> Model | None:
    """A listed model; None when there is none of this name."""
    return next((model for model in MODELS if model.name == name), None)


def unlisted(name: str) -> Model:
    """A model of which nothing is known but that it speaks as OpenAI's do."""
    return Model(provider=Provider.OPENAI, name=name, max_prompt=32_000, max_references=16)
