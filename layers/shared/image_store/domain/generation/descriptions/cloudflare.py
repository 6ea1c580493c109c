"""Image models of Cloudflare Workers AI.

Names and limits follow the source of its documentation. `flux-1-schnell` takes a prompt and steps, and no seed.
`stable-diffusion-xl-lightning` is in beta and on no price list: its cost is `null`. Neither has a parameter for the
background or the format: the examples of the first store JPEG, and the schema of the second says PNG (29 November).
"""

from datetime import date

from image_store.domain.generation.descriptions.description import (
    EstimateInput,
    Model,
    ProviderDescription,
    per_unit,
)
from image_store.domain.generation.providers import Provider, Unit, Usage

_MODELS_PAGE = "https://developers.cloudflare.com/workers-ai/models/"
_PRICES_PAGE = "https://developers.cloudflare.com/workers-ai/platform/pricing/"
_CHECKED = date(2026, 11, 21)
_TILE_SIDE = 512


def _estimate(model: Model, image: EstimateInput) -> Usage:
    tiles = -(-image.width // _TILE_SIDE) * -(-image.height // _TILE_SIDE)
    return {Unit.TILE: tiles, Unit.STEP: model.steps}


_MODELS = (
    Model(
        provider=Provider.CLOUDFLARE,
        name="@cf/black-forest-labs/flux-1-schnell",
        max_prompt=2_048,
        sizes=("1024x1024",),
        output_formats=("jpeg",),
        estimate=_estimate,
        steps=4,
        source=_MODELS_PAGE + "flux-1-schnell/",
        checked=_CHECKED,
    ),
    Model(
        provider=Provider.CLOUDFLARE,
        name="@cf/bytedance/stable-diffusion-xl-lightning",
        max_prompt=2_048,
        min_side=256,
        max_side=2048,
        max_pixels=2048 * 2048,
        output_formats=("png",),
        takes_seeds=True,
        takes_negative_prompt=True,
        estimate=_estimate,
        steps=4,
        source=_MODELS_PAGE + "stable-diffusion-xl-lightning/",
        checked=_CHECKED,
    ),
)
_PRICES = (
    *per_unit(
        "@cf/black-forest-labs/flux-1-schnell",
        _PRICES_PAGE,
        date(2025, 2, 20),
        tile="0.0000528",
        step="0.0001056",
    ),
)
DESCRIPTION = ProviderDescription(
    provider=Provider.CLOUDFLARE,
    title="Cloudflare Workers AI",
    models=_MODELS,
    prices=_PRICES,
    needs_account=True,
)
