"""Schemas of OpenAI's requests for images. A field that is null is left out before they are applied."""

from typing import Any, Literal

from pydantic import Field

from image_store.domain.generation.providers import Background, OutputFormat
from image_store.domain.generation.requests import MAX_REFERENCES, MAX_VARIATIONS
from image_store.entrypoints.http.fields import Line, Strict
from image_store.entrypoints.http.scalars import Flag, Whole

MAX_PARTIAL_IMAGES = 3
MAX_DATA_URL_CHARS = 20_971_520
"""OpenAI's limit; that of a request body is lower."""


class ImagesBody(Strict):
    """What a generation and an edit have in common. `GenerationItem` checks prompt, size and user further."""

    prompt: str
    model: Line | None = None
    n: Whole = Field(1, ge=1, le=MAX_VARIATIONS)
    size: str | None = Field(None, max_length=32)
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"] = "auto"
    response_format: Literal["url", "b64_json"] | None = None
    output_format: OutputFormat | None = None
    output_compression: Whole = Field(100, ge=0, le=100)
    background: Background | None = None
    moderation: Literal["auto", "low"] = "auto"
    stream: Flag = False
    partial_images: Whole = Field(0, ge=0, le=MAX_PARTIAL_IMAGES)
    user: str | None = None
    safety_identifier: str | None = None


class ImageEditBody(ImagesBody):
    """The fields of an edit besides its images."""

    input_fidelity: Literal["low", "high"] = "low"
    mask: Any = None


class ImageAddressBody(Strict):
    """An image of an edit in JSON: one of these."""

    image_url: str | None = Field(None, min_length=1, max_length=MAX_DATA_URL_CHARS)
    file_id: str | None = None


class JsonImageEditBody(ImageEditBody):
    """An edit in JSON."""

    images: list[ImageAddressBody] = Field(min_length=1, max_length=MAX_REFERENCES)
