"""Generation requests: one image as its owner requests it, and the models that may make it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from image_store.domain.generation.providers import Provider
from image_store.domain.images.attributes import Attributes

MAX_VARIATIONS = 10
MAX_REFERENCES = 10
MAX_PROMPT_EXCERPT_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One image, as its owner wants it."""

    prompt: str
    negative_prompt: str | None = None
    size: str | None = None
    """`WIDTHxHEIGHT`; None leaves it to the model."""
    quality: str | None = None
    seed: int | None = None
    """None stands for any; each image of a job has one."""
    has_own_seed: bool = False
    """Whether its owner gave the seed, and did not leave it to us."""
    variation: int = 0
    """Which of the images of one request it is, from 0 on."""
    reference_ids: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=Attributes)
    sealed: str | None = None
    """What was sealed of it: its prompts, which are empty then, and the analysis of its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPreference:
    """By whom, and with which model, a job is to be made."""

    provider: Provider | None = None
    model: str | None = None
    fallback: bool = True
    """Whether others may do it when this one cannot."""


def prompt_excerpt(request: GenerationRequest | None) -> str | None:
    """The beginning of a prompt as lists show it; None for one that is sealed, or was not read."""
    return request.prompt[:MAX_PROMPT_EXCERPT_CHARS] if request is not None and request.prompt else None


def request_fingerprint(
    owner: str, requests: tuple[GenerationRequest, ...], preference: ModelPreference
) -> str:
    """A digest that two requests of an owner share when they ask for the same."""
    said = json.dumps(
        [owner, [asdict(request) for request in requests], asdict(preference)], sort_keys=True, default=str
    )
    return hashlib.sha256(said.encode()).hexdigest()
