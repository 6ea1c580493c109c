"""The provenance that renditions of generated pictures carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from image_store.domain.images.image import Kind


class ProvenanceMark(StrEnum):
    """What renditions of generated pictures carry: nothing, a mark that a model made them, or prompt and seed too."""

    NONE = "none"
    SOURCE = "source"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The mark that a model made a picture; with prompt and seed if they are set."""

    prompt: str | None = None
    seed: int | None = None


def provenance_of(
    mark: ProvenanceMark, kind: Kind, generation: Mapping[str, Any] | None
) -> Provenance | None:
    """The provenance for the renditions of an image; None for an image without a mark."""
    if kind is not Kind.GENERATED or mark is ProvenanceMark.NONE:
        return None
    fields = generation or {} if mark is ProvenanceMark.PROMPT else {}
    prompt, seed = fields.get("prompt"), fields.get("seed")
    return Provenance(
        prompt=prompt if isinstance(prompt, str) else None,
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
    )
