"""Generation requests: one image as its owner requests it, the models that may make it, and the request for a job."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.budget import KeyBudget
from image_store.domain.generation.providers import Background, OutputFormat, Provider
from image_store.domain.images.attributes import Attributes

if TYPE_CHECKING:
    from image_store.domain.callers.key_allowance import KeyAllowance
    from image_store.domain.images.reservation import IdempotencyKey

MAX_VARIATIONS = 10
MAX_REFERENCES = 10
MAX_PROMPT_EXCERPT_CHARS = 200
_LATER_FIELDS = frozenset({"background", "output_format"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One image as its owner requests it."""

    prompt: str
    negative_prompt: str | None = None
    size: str | None = None
    """`WIDTHxHEIGHT`; None is the default of the model."""
    quality: str | None = None
    background: Background | None = None
    output_format: OutputFormat | None = None
    """None is what the model makes by itself; so is a `background` of None."""
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
class JoinRule:
    """Which job of the same request a request joins, so that it begins no other one."""

    min_age: timedelta | None = timedelta(0)
    """How long ago a running job has to have begun; with None the request joins none, but others may join its job."""
    ended_within: timedelta = timedelta(0)
    """How long ago a job may have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A request to begin a job."""

    owner: str
    variation_sets: tuple[VariationSet, ...]
    preference: ModelPreference
    join: JoinRule | None = JoinRule()
    """Which job of the same request it joins; with None it joins none, and no other request joins its job."""
    idempotency: "IdempotencyKey | None" = None
    key_budget: KeyBudget | None = None
    """The budgets of the API key that orders it."""
    allowance: "KeyAllowance | None" = None
    """Of that key: how many images it may store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFile:
    """The bytes of an image that is stored before a new one is made from it."""

    data: bytes = field(repr=False)
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class ReferenceAddress:
    """The address of such an image: http, https, or a data URL that holds its bytes."""

    url: str = field(repr=False)


NewReference = ReferenceFile | ReferenceAddress


def prompt_excerpt(request: GenerationRequest | None) -> str | None:
    """The beginning of a prompt for lists; None if it is sealed or was not read."""
    return request.prompt[:MAX_PROMPT_EXCERPT_CHARS] if request is not None and request.prompt else None


def check_output(request: GenerationRequest) -> None:
    """Refuse a transparent background in a format that has no transparency; InvalidRequest."""
    if request.background == "transparent" and request.output_format == "jpeg":
        fault = (("output_format",), "value_error", "must be png or webp for a transparent background")
        raise InvalidRequest("A JPEG cannot have a transparent background.", errors=(fault,))


def request_fingerprint(
    owner: str, requests: tuple[GenerationRequest, ...], preference: ModelPreference
) -> str:
    """A digest that equal requests of an owner share."""
    fields = [_fields_of(request) for request in requests]
    text = json.dumps([owner, fields, asdict(preference)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _fields_of(request: GenerationRequest) -> dict[str, Any]:
    """The fields of a request; later ones only with a value, so that jobs of earlier versions keep their names."""
    fields = asdict(request)
    return {name: value for name, value in fields.items() if name not in _LATER_FIELDS or value is not None}
