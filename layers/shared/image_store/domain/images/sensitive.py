"""The sensitive attributes of images, which a deployment may store sealed: prompts, and analysis of conversations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from image_store.domain.images.image import Image

OF_GENERATION = ("prompt", "negative_prompt", "params", "original_url")
"""The sensitive fields of `generation`. `original_url` is one, because some providers put the prompt into it."""

NOT_SEARCHED = ("generation.prompt",)
"""Fields that are not searched while they are sealed."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """The sensitive attributes of one image; never empty."""

    generation: dict[str, Any] | None
    """Some of the fields of `OF_GENERATION`."""
    analysis: dict[str, Any] | None

    def to_text(self) -> str:
        """The text to seal."""
        fields = {"generation": self.generation, "analysis": self.analysis}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "Sensitive":
        """Reads the text that `to_text` made."""
        return cls(**json.loads(text))


def sensitive_in(generation: Mapping[str, Any] | None, analysis: dict[str, Any] | None) -> Sensitive | None:
    """The sensitive part of these attributes; None if there is none."""
    fields = {name: generation[name] for name in OF_GENERATION if name in generation} if generation else {}
    if not any(fields.values()) and not analysis:
        return None
    return Sensitive(fields or None, analysis)


def plain_generation(generation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The provenance of an image without its sensitive fields."""
    if generation is None:
        return None
    return {name: value for name, value in generation.items() if name not in OF_GENERATION}


def with_sensitive(image: Image, sensitive: Sensitive | None) -> Image:
    """An image as its owner sees it, with its sensitive attributes: for answers, never for storage."""
    if sensitive is None:
        return image
    details = image.details
    generation = details.generation
    if sensitive.generation is not None:
        generation = {**(generation or {}), **sensitive.generation}
    return replace(
        image, details=replace(details, generation=generation, analysis=sensitive.analysis, sealed=None)
    )
