"""Generation requests: one image as its owner requests it, the models that may make it, and the request for a job."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from image_store.domain.generation.budget import KeyBudget
from image_store.domain.generation.providers import Provider
from image_store.domain.images.attributes import Attributes

if TYPE_CHECKING:
    from image_store.domain.callers.key_allowance import KeyAllowance
    from image_store.domain.images.reservation import IdempotencyKey

MAX_VARIATIONS = 10
MAX_REFERENCES = 10
MAX_PROMPT_EXCERPT_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One image as its owner requests it."""

    prompt: str
    negative_prompt: str | None = None
    size: str | None = None
    """`WIDTHxHEIGHT`; None is the default of the model."""
    quality: str | None = None
    seed: int | None = None
    """None is a random one; each item of a job has one."""
    has_own_seed: bool = False
    """Whether the owner requested the seed."""
    variation: int = 0
    """The number of the variation, from 0."""
    reference_ids: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=Attributes)
    sealed: str | None = None
    """The sealed prompts and analysis, if prompts are encrypted; those fields are empty then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPreference:
    """The provider and model that a job should use."""

    provider: Provider | None = None
    model: str | None = None
    fallback: bool = True
    """Whether other providers may make the images if this one cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariationSet:
    """A generation request and the number of images to make of it."""

    request: GenerationRequest
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A request to begin a job."""

    owner: str
    variation_sets: tuple[VariationSet, ...]
    preference: ModelPreference
    join: bool = True
    """Whether to join a job of the same request that has not ended."""
    idempotency: "IdempotencyKey | None" = None
    key_budget: KeyBudget | None = None
    """The budgets of the API key that orders it."""
    allowance: "KeyAllowance | None" = None
    """Of that key: how many images it may store."""


def prompt_excerpt(request: GenerationRequest | None) -> str | None:
    """The beginning of a prompt for lists; None if it is sealed or was not read."""
    return request.prompt[:MAX_PROMPT_EXCERPT_CHARS] if request is not None and request.prompt else None


def request_fingerprint(
    owner: str, requests: tuple[GenerationRequest, ...], preference: ModelPreference
) -> str:
    """A digest that equal requests of an owner share."""
    text = json.dumps(
        [owner, [asdict(request) for request in requests], asdict(preference)], sort_keys=True, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()
