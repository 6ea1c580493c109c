"""What images of a model are expected to cost before they are made, for people who choose; the ledger has the cost."""

from dataclasses import dataclass
from datetime import date

from image_store.domain.generation.catalogue import cost_micros
from image_store.domain.generation.descriptions.description import Model

COMMON_SIZES = (
    "1024x1024", "1536x1024", "1024x1536", "1792x1008", "1008x1792",
    "2048x2048", "2560x1440", "1440x2560", "3840x2160", "2160x3840",
)  # fmt: skip
"""Sizes to choose from for a model that makes any size within its limits."""
_SAMPLE_CHARS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEstimate:
    """The estimated cost of one image without prompt and references, in sizes and a quality."""

    sizes: tuple[str, ...]
    """The sizes of the model's presets that cost the same."""
    quality: str | None
    """None for a model without a choice."""
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """The estimated costs of a model, in micro-dollars."""

    images: tuple[ImageEstimate, ...]
    """The default quality first."""
    reference_micros: int
    """What each reference image adds."""
    prompt_micros: int
    """What each 1,000 characters of the prompt add."""


def size_presets(model: Model) -> tuple[str, ...]:
    """The sizes that are offered for a model, the default first: its own, or common ones that it can make."""
    if model.sizes:
        return model.sizes
    common = tuple(size for size in COMMON_SIZES if model.fits(size))
    return tuple(dict.fromkeys((model.default_size, *common)))


def cost_estimate(model: Model, *, on: date) -> CostEstimate | None:
    """The estimated costs of a model at the prices of a day; None if a price is not known."""
    base = _micros(model, on=on)
    referring = _micros(model, on=on, references=1)
    described = _micros(model, on=on, prompt="x" * _SAMPLE_CHARS)
    if base is None or referring is None or described is None:
        return None
    return CostEstimate(
        images=tuple(
            ImageEstimate(sizes=tuple(sizes), quality=quality, micros=micros)
            for quality in model.qualities or (None,)
            for micros, sizes in _sizes_by_cost(model, quality, on).items()
        ),
        reference_micros=referring - base,
        prompt_micros=described - base,
    )


def _sizes_by_cost(model: Model, quality: str | None, on: date) -> dict[int, list[str]]:
    by_cost: dict[int, list[str]] = {}
    for size in size_presets(model):
        micros = _micros(model, on=on, size=size, quality=quality)
        if micros is not None:
            by_cost.setdefault(micros, []).append(size)
    return by_cost


def _micros(
    model: Model,
    *,
    on: date,
    size: str | None = None,
    quality: str | None = None,
    references: int = 0,
    prompt: str = "",
) -> int | None:
    usage = model.estimated_usage(prompt=prompt, size=size, quality=quality, references=references)
    return cost_micros(model.provider, model.name, usage, on=on)
