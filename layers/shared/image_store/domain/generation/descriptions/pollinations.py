"""Image models of Pollinations."""

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
            seeds=True,
            negative_prompt=True,
            estimate=_estimate,
            source=_MODELS_PAGE,
            checked=_CHECKED,
        )
        for name in ("flux", "zimage")
    ),
)
_PRICES = (
    # One pollen is one dollar.
    *per_unit(Provider.POLLINATIONS, "flux", _MODELS_PAGE, date(2026, 7, 30), "pollen", image="0.002"),
    *per_unit(Provider.POLLINATIONS, "zimage", _MODELS_PAGE, date(2026, 7, 30), "pollen", image="0.004"),
)
POLLINATIONS = ProviderDescription(provider=Provider.POLLINATIONS, models=_MODELS, prices=_PRICES)
