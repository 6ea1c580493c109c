"""An image processor that decodes nothing."""

from collections.abc import Mapping

from image_store.domain.delivery.renditions import Placeholder, Recipe, Rendition
from image_store.domain.images.media import MediaType
from image_store.domain.images.processing import ProcessedImage, RenderedFile
from image_store.domain.images.provenance import Provenance


class StubProcessor:
    """Makes renditions of anything at once; `presets` and `provenances` record what it was asked for."""

    def __init__(self) -> None:
        self.presets: list[str] = []
        self.provenances: list[Provenance | None] = []

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        self.presets += recipes
        self.provenances.append(provenance)
        files = tuple(
            RenderedFile(
                Rendition(name, recipe.media_type or MediaType.WEBP, 3, 2, len(data)), name.encode() + data
            )
            for name, recipe in recipes.items()
        )
        return ProcessedImage(MediaType.PNG, 3, 2, 1, files, Placeholder("L0", "#102030"), "0" * 16)
