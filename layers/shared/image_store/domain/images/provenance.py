"""What renditions say of where a picture comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from image_store.domain.images.image import Kind


class ProvenanceMark(StrEnum):
    """What renditions of generated pictures carry: nothing, that a model made them, or prompt and seed as well."""

    NONE = "none"
    SOURCE = "source"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the renditions of a picture made by AI say of it: that it was, and what else is given here."""

    prompt: str | None = None
    seed: int | None = None


def provenance_of(
    mark: ProvenanceMark, kind: Kind, generation: Mapping[str, Any] | None
) -> Provenance | None:
    """What the renditions of an image say; None for what no model made, or where nothing is to be said."""
    if kind is not Kind.GENERATED or mark is ProvenanceMark.NONE:
        return None
    told = generation or {} if mark is ProvenanceMark.PROMPT else {}
    prompt, seed = told.get("prompt"), told.get("seed")
    return Provenance(
        prompt=prompt if isinstance(prompt, str) else None,
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
    )
