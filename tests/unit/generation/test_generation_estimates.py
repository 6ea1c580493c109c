"""What a model's images are expected to cost, as it is told to people: the same as what budgets hold for them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from image_store.domain.generation.catalogue import cost_micros, models_of
from image_store.domain.generation.estimates import CostEstimate, cost_estimate, size_presets
from image_store.domain.generation.providers import Provider

if TYPE_CHECKING:
    from image_store.domain.generation.descriptions.description import Model

TODAY = date(2026, 11, 21)
MODELS = [model for provider in Provider for model in models_of(provider)]
UNPRICED = "@cf/bytedance/stable-diffusion-xl-lightning"


def held(model: Model, *, size: str, quality: str | None, references: int = 0, chars: int = 0) -> int | None:
    """What a budget holds for an image."""
    usage = model.estimated_usage(prompt="x" * chars, size=size, quality=quality, references=references)
    return cost_micros(model.provider, model.name, usage, on=TODAY)


def estimate_of(model: Model) -> CostEstimate:
    """The estimate of a model whose prices are known."""
    estimate = cost_estimate(model, on=TODAY)
    assert estimate is not None
    return estimate


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_preset_is_a_size_that_the_model_makes(model: Model) -> None:
    presets = size_presets(model)

    assert len(presets) == len(set(presets)) > 0
    assert [size for size in presets if not model.fits(size)] == []
    assert model.size(presets[0]) == model.size(None)


@pytest.mark.parametrize("model", [model for model in MODELS if model.name != UNPRICED], ids=lambda m: m.name)
def test_an_estimate_has_each_size_and_quality_at_what_a_budget_holds(model: Model) -> None:
    estimate = estimate_of(model)

    shown = {(size, image.quality): image.micros for image in estimate.images for size in image.sizes}
    assert shown == {
        (size, quality): held(model, size=size, quality=quality)
        for size in size_presets(model)
        for quality in model.qualities or (None,)
    }
    assert estimate.images[0].quality == model.quality(None)


def test_references_and_the_prompt_are_added_to_it() -> None:
    for model in MODELS:
        if model.name == UNPRICED:
            continue
        estimate, size = estimate_of(model), size_presets(model)[0]
        image = next(each for each in estimate.images if size in each.sizes)

        sum_micros = image.micros + 3 * estimate.reference_micros + 2 * estimate.prompt_micros

        assert sum_micros == pytest.approx(
            held(model, size=size, quality=image.quality, references=3, chars=2_000), abs=3
        )


def test_without_a_price_there_is_no_estimate() -> None:
    [model] = [model for model in MODELS if model.name == UNPRICED]

    assert cost_estimate(model, on=TODAY) is None
    assert "2048x2048" in size_presets(model)
