"""Image models of Pollinations.

Names and prices follow the registry in its source. It gives the prices of `flux` and `zimage` no start date; the date
here is that of the newest model we saw in the registry. One pollen is one dollar. The limits of prompts and sizes are
our own. Its documentation gives `transparent` to other models only; its source makes JPEG of what these two draw.
"""

from datetime import date

from image_store.domain.generation.descriptions.description import (
    EstimateInput,
    Model,
    ProviderDescription,
    per_unit,
)
from image_store.domain.generation.providers import Provider, Unit, Usage

_MODELS_PAGE = "https://gen.pollinations.ai/image/models"
"""It lists prices as well."""
_CHECKED = date(2026, 11, 21)


def _estimate(_: Model, __: EstimateInput) -> Usage:
    return {Unit.IMAGE: 1}


_MODELS = (
    *(
        Model(
            provider=Provider.POLLINATIONS,
            name=name,
            max_prompt=4_000,
            max_pixels=2048 * 2048,
            output_formats=("jpeg",),
            takes_seeds=True,
            takes_negative_prompt=True,
            estimate=_estimate,
            source=_MODELS_PAGE,
            checked=_CHECKED,
        )
        for name in ("flux", "zimage")
    ),
)
_PRICES = (
    *per_unit("flux", _MODELS_PAGE, date(2026, 7, 30), "pollen", image="0.002"),
    *per_unit("zimage", _MODELS_PAGE, date(2026, 7, 30), "pollen", image="0.004"),
)
DESCRIPTION = ProviderDescription(
    provider=Provider.POLLINATIONS, title="Pollinations", models=_MODELS, prices=_PRICES
)
