"""OpenAI's image models, and models of other services that are compatible with its API.

Names, qualities, references, prompts and sizes are those of its own SDK (3.54.0). The prices of 2.6 are those of its
model page; the prices of 2.5 and 2 are those that several resellers quote from its price page. Neither source names the
smallest number of pixels (655,360). The tokens of an image are documented for 2 and 2.5 at 1024x1024; for 2.6 they are
what a reseller measured on 5 November (low and medium take three to four times as many as 2.5). They only decide what
is held: the cost is what OpenAI counts. Its pages name no price for text that these models write, so a call that counts
any has a cost of `null`. The lower price of cached input is not applied, because the images API does not report how
much was cached. The default is the model whose drafts cost least. Backgrounds are those of its SDK (3.57.0) and of what
a reseller tested: 2.6 on 12 November, and 2 on 15 October, which had transparent ones only from 21 August to 30
September. Formats are those of the same SDK, without GIF and SVG.
"""

from collections.abc import Mapping
from datetime import date

from image_store.domain.generation.descriptions.description import (
    SQUARE_PIXELS,
    EstimateInput,
    Model,
    ProviderDescription,
    per_million_tokens,
)
from image_store.domain.generation.providers import Background, OutputFormat, Provider, Unit, Usage

_MODELS_PAGE = "https://developers.openai.com/api/docs/models/"
_PRICES_PAGE = "https://developers.openai.com/api/docs/pricing"
_CHECKED = date(2026, 11, 21)
_OPENAI_2 = ("medium", "low", "high")
_OPENAI_25 = ("medium", "low", "high", "xhigh", "max")
_BACKGROUNDS_2: tuple[Background, ...] = ("auto", "opaque")
_BACKGROUNDS_25: tuple[Background, ...] = ("auto", "opaque", "transparent")
_OUTPUT_FORMATS: tuple[OutputFormat, ...] = ("png", "jpeg", "webp")
_TOKENS_2 = {"low": 196, "medium": 1_756, "high": 7_024}
_TOKENS_25 = {"low": 196, "medium": 439, "high": 1_756, "xhigh": 3_122, "max": 7_024}
_TOKENS_26 = _TOKENS_25 | {"low": 784, "medium": 1_756}
"""Low and medium take three to four times as many as before."""


def _estimate(model: Model, image: EstimateInput) -> Usage:
    tokens = model.image_tokens.get(model.quality(image.quality) or "", 0)
    pixels = max(image.width * image.height, SQUARE_PIXELS)
    return {
        Unit.TEXT_INPUT_TOKEN: image.text_tokens,
        Unit.IMAGE_INPUT_TOKEN: image.reference_tokens,
        Unit.IMAGE_OUTPUT_TOKEN: -(-tokens * pixels // SQUARE_PIXELS),
    }


def _model(
    name: str,
    qualities: tuple[str, ...],
    image_tokens: Mapping[str, int],
    backgrounds: tuple[Background, ...] = _BACKGROUNDS_25,
) -> Model:
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
        backgrounds=backgrounds,
        output_formats=_OUTPUT_FORMATS,
        estimate=_estimate,
        image_tokens=image_tokens,
        source=_MODELS_PAGE + name,
        checked=_CHECKED,
    )


def _unlisted_model(name: str) -> Model:
    return Model(
        provider=Provider.OPENAI,
        name=name,
        max_prompt=32_000,
        max_references=16,
        backgrounds=_BACKGROUNDS_25,
        output_formats=_OUTPUT_FORMATS,
        estimate=_estimate,
    )


_MODELS = (
    _model("gpt-image-2.5-flare", _OPENAI_25, _TOKENS_25),
    _model("gpt-image-2.5-sunburst", _OPENAI_25, _TOKENS_25),
    _model("gpt-image-2.6-flare", _OPENAI_25, _TOKENS_26),
    _model("gpt-image-2.6-sunburst", _OPENAI_25, _TOKENS_26),
    _model("gpt-image-2", _OPENAI_2, _TOKENS_2, _BACKGROUNDS_2),
)
_PRICES = (
    *(
        price
        for models, since in (
            (("gpt-image-2",), date(2026, 4, 21)),
            (("gpt-image-2.5-flare", "gpt-image-2.5-sunburst"), date(2026, 9, 8)),
            (("gpt-image-2.6-flare", "gpt-image-2.6-sunburst"), date(2026, 11, 4)),
        )
        for price in per_million_tokens(
            models,
            _PRICES_PAGE,
            since,
            text_input="5",
            image_input="8",
            image_output="30",
        )
    ),
)
DESCRIPTION = ProviderDescription(
    provider=Provider.OPENAI,
    title="OpenAI, or a compatible service",
    models=_MODELS,
    prices=_PRICES,
    unlisted_model=_unlisted_model,
)
