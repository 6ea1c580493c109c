"""Schemas of the attributes that callers give an image."""

from typing import Annotated, Any

from pydantic import Field, HttpUrl

from image_store.domain.delivery.caching import parse_cache_control
from image_store.domain.generation.requests import MAX_REFERENCES
from image_store.domain.images import details as limits
from image_store.domain.images.attributes import MAX_CATEGORY_CHARS, Attributes, OnDuplicate
from image_store.domain.images.image import Kind, Visibility
from image_store.entrypoints.http.fields import (
    MAX_SAFE_INTEGER,
    ComparedLine,
    Filename,
    Groups,
    GroupsPatch,
    Line,
    MergePatch,
    Strict,
    Tag,
    Text,
    flat_groups,
    limited,
    sized,
    unique,
)
from image_store.entrypoints.http.scalars import Instant, Number, Whole

PROVENANCE_BYTES = 2 * 1024
"""What the provenance of a generated image takes at most besides its prompts."""


class GenerationChoice(Strict):
    """What was requested; the other fields say how the image was made."""

    provider: Line | None = Field(None, max_length=64)
    model: Line | None = Field(None, max_length=128)
    seed: Whole | None = Field(None, ge=-1, le=2**63 - 1)
    size: Line | None = Field(None, max_length=32)
    quality: Line | None = Field(None, max_length=32)
    background: Line | None = Field(None, max_length=32)
    output_format: Line | None = Field(None, max_length=32)


class GenerationBody(Strict):
    """How a generated image was made."""

    prompt: Text | None = None
    negative_prompt: Text | None = None
    model: ComparedLine | None = Field(None, max_length=128)
    provider: ComparedLine | None = Field(None, max_length=64)
    seed: Whole | None = Field(
        None, ge=-1, le=2**63 - 1, description="-1 means random; null that a requested seed was not used."
    )
    size: Line | None = Field(None, max_length=32)
    quality: Line | None = Field(None, max_length=32)
    params: dict[str, Any] | None = None
    reference_ids: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None, max_length=MAX_REFERENCES, description="The images that it was made from."
    )
    request: GenerationChoice | None = Field(
        None, description="What was requested; `warnings` list the differences."
    )
    generated_at: Instant | None = None
    cost_usd: Number | None = Field(None, ge=0, le=MAX_SAFE_INTEGER)
    duration_ms: Whole | None = Field(None, ge=0, le=MAX_SAFE_INTEGER)
    original_url: HttpUrl | None = None


class ToneAnalysis(Strict):
    """The tone of a text."""

    primary: Line | None = None
    intensity: Line | Number | None = None
    themes: list[Line] = Field([], max_length=256)


class Analysis(Strict):
    """An analysis of the conversation that an image belongs to."""

    response_context: Text | None = None
    tone_analysis: ToneAnalysis | None = None


Title = Annotated[Line | None, Field(max_length=limits.MAX_TITLE_CHARS, description="A title.")]

AltText = Annotated[
    Text | None,
    Field(
        max_length=limits.MAX_ALT_TEXT_CHARS,
        description="A text for people who cannot see the image; derived from prompt or title unless you send one.",
    ),
]

Category = Annotated[ComparedLine | None, Field(min_length=1, max_length=MAX_CATEGORY_CHARS)]

Tags = Annotated[list[Tag], Field(max_length=limits.MAX_TAGS)]

Rating = Annotated[Whole | None, Field(ge=1, le=5, description="Your own rating.")]


class ImageAttributes(Strict):
    """The attributes of a new image."""

    kind: Kind = Kind.UPLOAD
    visibility: Visibility = Visibility.PRIVATE
    filename: Filename | None = None
    title: Title = None
    alt_text: AltText = None
    category: Category = None
    tags: Tags = Field([])
    rating: Rating = None
    groups: Groups = Field({})
    metadata: dict[str, Any] = Field({})
    generation: GenerationBody | None = None
    analysis: Analysis | None = None
    cache_control: str | None = Field(None, max_length=200)
    expires_at: Instant | None = None
    created_at: Instant | None = Field(
        None, description="The date of an image that comes from another store; from 1990 on. For admins."
    )
    on_duplicate: OnDuplicate = OnDuplicate.KEEP

    @property
    def names_sent(self) -> frozenset[str]:
        """The names of the attributes that the caller sent."""
        return frozenset(self.model_fields_set & ImageAttributes.model_fields.keys())

    def to_domain(self) -> Attributes:
        """The attributes of the domain; AttributesTooLarge beyond the limits of a record."""
        values = {name: getattr(self, name) for name in ImageAttributes.model_fields} | {
            "tags": unique(self.tags),
            "groups": flat_groups(self.groups),
            "metadata": checked_metadata(self.metadata),
            "generation": sized(self.generation, "generation", limits.MAX_GENERATION_BYTES),
            "analysis": sized(self.analysis, "analysis", limits.MAX_ANALYSIS_BYTES),
        }
        if self.cache_control is not None:
            values["cache_control"] = parse_cache_control(self.cache_control)
        return Attributes(**values)


class ImagePatch(MergePatch):
    """A merge patch (RFC 7396) of the attributes that may change; null removes a value."""

    title: Title = None
    alt_text: AltText = None
    category: Category = None
    tags: Tags | None = None
    rating: Rating = None
    groups: GroupsPatch | None = None
    metadata: dict[str, Any] | None = None
    visibility: Visibility = Visibility.PRIVATE
    expires_at: Instant | None = None


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Custom metadata as given; AttributesTooLarge beyond 4 KB."""
    return limited(metadata, "metadata", limits.MAX_METADATA_BYTES)
