"""Requests for files that are made on request."""

from dataclasses import dataclass

from image_store.domain.delivery.renditions import Recipe
from image_store.domain.delivery.signed_links import transform_filename
from image_store.domain.images.media import MediaType


@dataclass(frozen=True, slots=True)
class RenditionRequest:
    """A rendition of an image by a preset, in one of its formats."""

    image_id: str
    preset: str
    media_type: MediaType

    @property
    def name(self) -> str:
        """Image and file: equal for equal requests."""
        return f"{self.image_id}#{self.preset}.{self.media_type.extension}"


@dataclass(frozen=True, slots=True)
class TransformRequest:
    """A transform of an image by a recipe."""

    image_id: str
    recipe: Recipe

    @property
    def name(self) -> str:
        """Image and file: equal for equal requests."""
        return f"{self.image_id}#{transform_filename(self.recipe)}"


RenderRequest = RenditionRequest | TransformRequest
