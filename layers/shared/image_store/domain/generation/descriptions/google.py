"""Google's Gemini image models.

Names, prices, tokens by size and thinking are as two resellers and two libraries quote its pages; the pages themselves
could not be read. Its SDK (3.4.0) names the shapes 1:1, 2:3, 3:2, 3:4, 4:3, 9:16, 16:9 and 21:9, and these are used;
others that the models know (4:5, 1:8 …) are not. It documents up to 14 references; a request has at most 10. The limit
of 8,000 characters is our own. JPEG is the only format that the reference of its API offers, as a library quotes it
(September 2026), and what these models were measured to answer (July 2026). There is no parameter for the background.
"""

from datetime import date

from image_store.domain.generation.descriptions.description import (
    EstimateInput,
    Model,
    ProviderDescription,
    per_million_tokens,
)
from image_store.domain.generation.providers import OutputFormat, Provider, Unit, Usage

_MODELS_PAGE = "https://ai.google.dev/gemini-api/docs/models/"
_PRICES_PAGE = "https://ai.google.dev/gemini-api/docs/pricing"
_CHECKED = date(2026, 11, 21)
_SIZES = (
    "1024x1024", "848x1264", "1264x848", "896x1200", "1200x896", "768x1376", "1376x768", "1584x672",
    "2048x2048", "1696x2528", "2528x1696", "1792x2400", "2400x1792", "1536x2752", "2752x1536",
    "4096x4096", "3392x5056", "5056x3392", "3584x4800", "4800x3584", "3072x5504", "5504x3072",
)  # fmt: skip
_ONLY_1K = _SIZES[:8]
_OUTPUT_FORMATS: tuple[OutputFormat, ...] = ("jpeg",)
_TOKENS_OF_THOUGHTS = 1_000


def size_class(width: int, height: int) -> str:
    """Google's name of a size: 1K, 2K or 4K."""
    longest = max(width, height)
    if longest <= 1536:
        return "1K"
    return "2K" if longest <= 3072 else "4K"


def _estimate(model: Model, image: EstimateInput) -> Usage:
    return {
        Unit.TEXT_INPUT_TOKEN: image.text_tokens,
        Unit.IMAGE_INPUT_TOKEN: image.reference_tokens,
        Unit.IMAGE_OUTPUT_TOKEN: model.image_tokens[size_class(image.width, image.height)],
        Unit.TEXT_OUTPUT_TOKEN: _TOKENS_OF_THOUGHTS,
    }


_MODELS = (
    Model(
        provider=Provider.GOOGLE,
        name="gemini-nano-banana-2.1",
        max_prompt=8_000,
        max_references=10,
        sizes=_SIZES,
        output_formats=_OUTPUT_FORMATS,
        estimate=_estimate,
        image_tokens={"1K": 1_120, "2K": 1_680, "4K": 2_520},
        source=_MODELS_PAGE + "gemini-nano-banana-2.1",
        checked=_CHECKED,
    ),
    Model(
        provider=Provider.GOOGLE,
        name="gemini-3-pro-image",
        max_prompt=8_000,
        max_references=10,
        sizes=_SIZES,
        output_formats=_OUTPUT_FORMATS,
        estimate=_estimate,
        image_tokens={"1K": 1_120, "2K": 1_120, "4K": 2_000},
        source=_MODELS_PAGE + "gemini-3-pro-image",
        checked=_CHECKED,
    ),
    Model(
        provider=Provider.GOOGLE,
        name="gemini-3.1-flash-lite-image",
        max_prompt=8_000,
        max_references=10,
        sizes=_ONLY_1K,
        output_formats=_OUTPUT_FORMATS,
        estimate=_estimate,
        image_tokens={"1K": 1_120, "2K": 1_120},
        source=_MODELS_PAGE + "gemini-3.1-flash-lite-image",
        checked=_CHECKED,
    ),
)
_PRICES = (
    *per_million_tokens(
        ("gemini-nano-banana-2.1",),
        _PRICES_PAGE,
        date(2026, 10, 7),
        text_input="1.5",
        image_input="1.5",
        text_output="7.5",
        image_output="30",
    ),
    *per_million_tokens(
        ("gemini-3-pro-image",),
        _PRICES_PAGE,
        date(2026, 7, 2),
        text_input="2",
        image_input="2",
        text_output="12",
        image_output="120",
    ),
    *per_million_tokens(
        ("gemini-3.1-flash-lite-image",),
        _PRICES_PAGE,
        date(2026, 6, 30),
        text_input="0.25",
        image_input="0.25",
        text_output="1.5",
        image_output="30",
    ),
)
DESCRIPTION = ProviderDescription(
    provider=Provider.GOOGLE, title="Google (Gemini API)", models=_MODELS, prices=_PRICES
)
