"""What is said about an image that a deployment may keep sealed: prompts, and what was found in a conversation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from image_store.domain.images.image import Image

OF_GENERATION = ("prompt", "negative_prompt", "params", "original_url")
"""Some providers have the prompt in the address of the picture."""

NOT_SEARCHED = ("generation.prompt",)
"""What would be searched, were it not sealed."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """The sensitive part of what is said about one image; never empty."""

    generation: dict[str, Any] | None
    """Some of the fields of `OF_GENERATION`."""
    analysis: dict[str, Any] | None

    def to_text(self) -> str:
        """The same as a text to be sealed."""
        told = {"generation": self.generation, "analysis": self.analysis}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "Sensitive":
        """What `to_text` made a text of."""
        return cls(**json.loads(text))


def sensitive_in(generation: Mapping[str, Any] | None, analysis: dict[str, Any] | None) -> Sensitive | None:
    """What is sensitive of this; None when nothing is."""
    said = {name: generation[name] for name in OF_GENERATION if name in generation} if generation else {}
    if not any(said.values()) and not analysis:
        return None
    return Sensitive(said or None, analysis)


def left_open(generation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How an image was made, without what is sensitive of it."""
    if generation is None:
        return None
    return {name: value for name, value in generation.items() if name not in OF_GENERATION}


def shown(image: Image, sensitive: Sensitive | None) -> Image:
    """A record as its owner sees it, with what was sealed of it: to be answered, and never to be stored."""
    if sensitive is None:
        return image
    details = image.details
    generation = details.generation
    if sensitive.generation is not None:
        generation = {**(generation or {}), **sensitive.generation}
    return replace(
        image, details=replace(details, generation=generation, analysis=sensitive.analysis, sealed=None)
    )
