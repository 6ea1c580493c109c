"""Schemas of requests for generation jobs and provider keys."""

from typing import Annotated, Any, Literal

from pydantic import Field

from image_store.domain.generation.jobs import MAX_IMAGES
from image_store.domain.generation.providers import Background, OutputFormat, Provider
from image_store.domain.generation.requests import MAX_REFERENCES, MAX_VARIATIONS, GenerationRequest
from image_store.domain.images.details import MAX_GENERATION_BYTES
from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.http.fields import (
    ComparedLine,
    Filename,
    Groups,
    Strict,
    Text,
    limited,
)
from image_store.entrypoints.http.scalars import Flag, Instant, Whole
from image_store.entrypoints.images.attribute_schemas import (
    PROVENANCE_BYTES,
    AltText,
    Analysis,
    Category,
    ImageAttributes,
    Tags,
    Title,
)


class GenerationItem(Strict):
    """An image to make, or `n` variations of it, with the attributes of the stored image."""

    prompt: Text = Field(min_length=1, max_length=16_000)
    negative_prompt: Text | None = Field(None, min_length=1, max_length=4_000)
    n: Whole = Field(1, ge=1, le=MAX_VARIATIONS, description="Variations, each an image of its own.")
    size: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$",
        description="`WIDTHxHEIGHT`; by default that of the model.",
    )
    quality: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        None, description="Used if the model has it."
    )
    background: Background | None = Field(
        None, description="`auto`, and by default, the model decides. Only models that have it are used."
    )
    output_format: OutputFormat | None = Field(
        None,
        description="By default that of the model. Only models that make it are used; `jpeg` cannot be transparent.",
    )
    seed: Whole = Field(-1, ge=-1, le=2**31 - 1, description="-1 means random; each variation adds 1.")
    reference_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        [], max_length=MAX_REFERENCES, description="Your images that the new one is made from."
    )
    visibility: Visibility = Visibility.PRIVATE
    filename: Filename | None = None
    title: Title = None
    alt_text: AltText = Field(None, description="By default derived from the prompt.")
    category: Category = None
    tags: Tags = Field([])
    groups: Groups = Field({}, description="Such as post, prompt, conversation, session and persona.")
    metadata: dict[str, Any] = Field({})
    analysis: Analysis | None = None
    cache_control: str | None = Field(None, max_length=200)
    expires_at: Instant | None = None

    def to_domain(self) -> GenerationRequest:
        """The generation request; AttributesTooLarge if it exceeds the limits of a record."""
        prompts = self.model_dump(include={"prompt", "negative_prompt"}, mode="json")
        limited(prompts, "generation", MAX_GENERATION_BYTES - PROVENANCE_BYTES)
        values = {name: getattr(self, name) for name in ImageAttributes.model_fields if hasattr(self, name)}
        attributes = ImageAttributes.model_construct(**values, kind=Kind.GENERATED)
        return GenerationRequest(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            size=self.size,
            quality=self.quality,
            background=self.background,
            output_format=self.output_format,
            seed=None if self.seed < 0 else self.seed,
            reference_ids=tuple(dict.fromkeys(self.reference_ids)),
            attributes=attributes.to_domain(),
        )


class GenerationRequestBody(Strict):
    """Images to make, at most 50 with their variations."""

    items: list[GenerationItem] = Field(min_length=1, max_length=MAX_IMAGES)
    provider: Provider | None = Field(None, description="The preferred provider.")
    model: ComparedLine | None = Field(None, min_length=1, max_length=128)
    fallback: Flag = Field(default=True, description="Whether other providers may make the images.")
    join: Flag = Field(
        default=True,
        description="Return the running job of the same request, if there is one; `false` begins a new one.",
    )


class JobQuery(Strict):
    """What of a job to return."""

    requests: Flag = Field(
        default=False,
        description="Return the whole request of each image, such as to change it and send it again.",
    )


class JobsQuery(Strict):
    """A page of a list of jobs, the newest first."""

    limit: Whole = Field(20, ge=1, le=50)
    cursor: str | None = Field(None, min_length=1, max_length=500)


class ProviderKeyRequest(Strict):
    """A provider key of the caller; it is never returned."""

    key: str = Field(min_length=1, max_length=1_000, pattern=r"^[!-~]+$")
    account_id: str | None = Field(
        None, pattern=r"^[0-9a-zA-Z]{1,64}$", description="The account id, for a provider that needs one."
    )
