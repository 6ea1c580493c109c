"""Requests that have models make pictures."""

from typing import Annotated, Any, Literal

from pydantic import Field

from image_store.domain.generation.jobs import MAX_IMAGES
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import MAX_REFERENCES, MAX_VARIATIONS, GenerationRequest
from image_store.domain.images import attributes as limits
from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.http.fields import (
    ComparedLine,
    Filename,
    Groups,
    Line,
    Strict,
    Tag,
    Text,
    limited,
)
from image_store.entrypoints.http.scalars import Flag, Instant, Whole
from image_store.entrypoints.images.attribute_schemas import _ROOM_FOR_THE_REST, Analysis, ImageAttributes


class GenerationItem(Strict):
    """An image that is to be made, or `n` variations of it, with what may be said about it when it is stored."""

    prompt: Text = Field(min_length=1, max_length=16_000)
    negative_prompt: Text | None = Field(None, min_length=1, max_length=4_000)
    n: Whole = Field(1, ge=1, le=MAX_VARIATIONS, description="Variations, each an image of its own.")
    size: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$",
        description="`WIDTHxHEIGHT`; the model's own otherwise.",
    )
    quality: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(
        None, description="Where the model knows it."
    )
    seed: Whole = Field(-1, ge=-1, le=2**31 - 1, description="-1 means random; variations count on from it.")
    reference_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        [], max_length=MAX_REFERENCES, description="Own images that the new one is made from."
    )
    visibility: Visibility = Visibility.PRIVATE
    filename: Filename | None = None
    title: Line | None = Field(None, max_length=limits.MAX_TITLE_CHARS)
    alt_text: Text | None = Field(
        None, max_length=limits.MAX_ALT_TEXT_CHARS, description="Derived from the prompt otherwise."
    )
    category: ComparedLine | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    tags: list[Tag] = Field([], max_length=limits.MAX_TAGS)
    groups: Groups = Field({}, description="Such as post, prompt, conversation, session and persona.")
    metadata: dict[str, Any] = Field({})
    analysis: Analysis | None = None
    cache_control: str | None = Field(None, max_length=200)
    expires_at: Instant | None = None

    def to_domain(self) -> GenerationRequest:
        """The same as the domain knows it; AttributesTooLarge beyond what a record holds."""
        said = self.model_dump(include={"prompt", "negative_prompt"}, mode="json")
        limited(said, "generation", limits.MAX_GENERATION_BYTES - _ROOM_FOR_THE_REST)
        given = {name: getattr(self, name) for name in ImageAttributes.model_fields if hasattr(self, name)}
        attributes = ImageAttributes.model_construct(**given, kind=Kind.GENERATED)
        return GenerationRequest(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            size=self.size,
            quality=self.quality,
            seed=None if self.seed < 0 else self.seed,
            reference_ids=tuple(dict.fromkeys(self.reference_ids)),
            attributes=attributes.to_domain(),
        )


class GenerationRequestBody(Strict):
    """Images that are to be made, at most 50 with their variations."""

    items: list[GenerationItem] = Field(min_length=1, max_length=MAX_IMAGES)
    provider: Provider | None = Field(None, description="The preferred one.")
    model: ComparedLine | None = Field(None, min_length=1, max_length=128)
    fallback: Flag = Field(default=True, description="Whether other providers may do it.")
    join: Flag = Field(
        default=True,
        description="Answer the job of the same request where one runs already; `false` begins another.",
    )


class JobsQuery(Strict):
    """Which jobs a list shows, the newest first."""

    limit: Whole = Field(20, ge=1, le=50)
    cursor: str | None = Field(None, min_length=1, max_length=500)


class ProviderKeyRequest(Strict):
    """A key of the caller's own; it is never read back."""

    key: str = Field(min_length=1, max_length=1_000, pattern=r"^[!-~]+$")
    account_id: str | None = Field(
        None, pattern=r"^[0-9a-zA-Z]{1,64}$", description="Cloudflare's account, for Cloudflare alone."
    )
