"""An image processor that decodes nothing."""

from collections.abc import Mapping

from image_store.domain.delivery.renditions import Placeholder, Recipe, Rendition
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage, RenderedFile
from image_store.domain.images.provenance import Provenance


class StubProcessor:
    """Makes renditions of anything at once."""

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        made = tuple(
            RenderedFile(
                Rendition(name, recipe.media_type or MediaType.WEBP, 3, 2, len(data)), name.encode() + data
            )
            for name, recipe in recipes.items()
        )
        return ProcessedImage(MediaType.PNG, 3, 2, 1, made, Placeholder("L0", "#102030"), "0" * 16)
