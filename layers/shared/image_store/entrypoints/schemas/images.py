"""What callers say of an image."""

from datetime import UTC
from typing import Any

from pydantic import AwareDatetime, Field, HttpUrl

from image_store.domain import attributes as limits
from image_store.domain.attributes import Attributes, OnDuplicate
from image_store.domain.caching import parse_cache_control
from image_store.domain.image import Kind, Visibility
from image_store.entrypoints.schemas.fields import (
    GroupId,
    Groups,
    GroupType,
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

_ROOM_FOR_THE_REST = 2 * 1024
"""What a generated image's record says besides its prompts."""


class Generation(Strict):
    """How a generated image was made."""

    prompt: Text | None = None
    negative_prompt: Text | None = None
    model: Line | None = Field(None, max_length=128)
    provider: Line | None = Field(None, max_length=64)
    seed: int | None = Field(None, ge=-1, le=2**63 - 1, description="-1 means random")
    size: Line | None = Field(None, max_length=32)
    quality: Line | None = Field(None, max_length=32)
    params: dict[str, Any] | None = None
    generated_at: AwareDatetime | None = None
    cost_usd: float | None = Field(None, ge=0, allow_inf_nan=False)
    duration_ms: int | None = Field(None, ge=0)
    original_url: HttpUrl | None = None


class ToneAnalysis(Strict):
    """The tone that was found in a text."""

    primary: Line | None = None
    intensity: Line | float | None = None
    themes: list[Line] = Field([])


class Analysis(Strict):
    """What was found out about the conversation an image belongs to."""

    response_context: Text | None = None
    tone_analysis: ToneAnalysis | None = None


class ImageAttributes(Strict):
    """What may be said about an image when it is stored."""

    kind: Kind = Kind.UPLOAD
    visibility: Visibility = Visibility.PRIVATE
    filename: Line | None = Field(None, min_length=1, max_length=limits.MAX_FILENAME_CHARS)
    title: Line | None = Field(None, max_length=limits.MAX_TITLE_CHARS)
    alt_text: Text | None = Field(None, max_length=limits.MAX_ALT_TEXT_CHARS)
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    tags: list[Tag] = Field([], max_length=limits.MAX_TAGS)
    rating: int | None = Field(None, ge=1, le=5)
    groups: Groups = Field({})
    metadata: dict[str, Any] = Field({})
    generation: Generation | None = None
    analysis: Analysis | None = None
    cache_control: str | None = Field(None, max_length=200)
    expires_at: AwareDatetime | None = None
    on_duplicate: OnDuplicate = OnDuplicate.KEEP

    def to_domain(self) -> Attributes:
        """The same as the domain knows it; AttributesTooLarge beyond what a record holds."""
        return Attributes(
            kind=self.kind,
            visibility=self.visibility,
            filename=self.filename,
            title=self.title,
            alt_text=self.alt_text,
            category=self.category,
            tags=unique(self.tags),
            rating=self.rating,
            groups=flat_groups(self.groups),
            metadata=checked_metadata(self.metadata),
            generation=sized(self.generation, "generation", limits.MAX_GENERATION_BYTES),
            analysis=sized(self.analysis, "analysis", limits.MAX_ANALYSIS_BYTES),
            cache_control=parse_cache_control(self.cache_control) if self.cache_control is not None else None,
            expires_at=self.expires_at.astimezone(UTC) if self.expires_at else None,
            on_duplicate=self.on_duplicate,
        )


class ImagePatch(MergePatch):
    """A merge patch (RFC 7396) of what may change; null takes a value away."""

    title: Line | None = Field(None, max_length=limits.MAX_TITLE_CHARS)
    alt_text: Text | None = Field(None, max_length=limits.MAX_ALT_TEXT_CHARS)
    category: Line | None = Field(None, min_length=1, max_length=limits.MAX_CATEGORY_CHARS)
    tags: list[Tag] | None = Field(None, max_length=limits.MAX_TAGS)
    rating: int | None = Field(None, ge=1, le=5)
    groups: dict[GroupType, list[GroupId] | None] | None = None
    metadata: dict[str, Any] | None = None
    visibility: Visibility = Visibility.PRIVATE
    expires_at: AwareDatetime | None = None


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Custom metadata as given; AttributesTooLarge beyond 4 KB."""
    return limited(metadata, "metadata", limits.MAX_METADATA_BYTES)
