"""Finds the requested rendition, and has it made if it is missing; nothing is decoded here."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from image_store.domain.delivery.negotiation import accepts, preferred
from image_store.domain.delivery.render_requests import RenditionRequest
from image_store.domain.delivery.renditions import Preset, Rendition
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.image import ImageRecord
from image_store.ports.delivery import Renderer
from image_store.services.images.retrieval import Retrieval, not_found

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RenditionFile:
    """A rendition to show."""

    record: ImageRecord
    rendition: Rendition
    is_exact: bool
    """False for the nearest existing rendition, which stands in while the requested one is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renditions:
    """Shows renditions by preset and by what a client accepts."""

    retrieval: Retrieval
    renderer: Callable[[], Renderer]
    presets: Mapping[str, Preset]

    def for_owner(self, owner: str, image_id: str, preset: str, *, accept: str | None) -> RenditionFile:
        """A rendition of an image of this owner; ImageNotFound when there is no such image or preset."""
        return self._find(lambda: self.retrieval.get_record(owner, image_id), preset, accept)

    def for_public_link(self, link: str, preset: str, *, accept: str | None) -> RenditionFile:
        """A rendition of the image that a public link shows; ImageNotFound as before."""
        return self._find(lambda: self.retrieval.get_public(link), preset, accept)

    def for_signed_link(self, image_id: str, preset: str, *, accept: str | None) -> RenditionFile:
        """A rendition of an image that its owner has shared by a signed link; ImageNotFound as before."""
        return self._find(lambda: self.retrieval.get_ready(image_id), preset, accept)

    def _find(self, look: Callable[[], ImageRecord], name: str, accept: str | None) -> RenditionFile:
        preset = self.presets.get(name)
        if preset is None:
            raise not_found()
        record = look()
        if preset.at_upload:
            rendition = record.rendition(name)
            if rendition is None:
                raise not_found()
            return RenditionFile(record, rendition, is_exact=True)
        request = RenditionRequest(record.id, name, preferred(accept, preset.formats))
        found = record.rendition(name, request.media_type)
        if found is None:
            self._make(request)
            record = look()
            found = record.rendition(name, request.media_type)
        if found is None:
            return RenditionFile(record, nearest(record, preset, accept=accept), is_exact=False)
        return RenditionFile(record, found, is_exact=True)

    def _make(self, request: RenditionRequest) -> None:
        try:
            self.renderer().render(request)
        except StorageUnavailable as error:
            _logger.warning("A rendition could not be made: %s", error.message)


def nearest(record: ImageRecord, preset: Preset, *, accept: str | None) -> Rendition:
    """The rendition that stands in for one that is missing.

    One that the client accepts, if there is any; of these the same preset in another format, else the one whose
    width is nearest.
    """
    width = _width(record, preset)
    return min(
        record.renditions,
        key=lambda made: (
            not accepts(accept, made.media_type),
            made.preset != preset.name,
            abs(made.width - width),
        ),
    )


def _width(record: ImageRecord, preset: Preset) -> int:
    recipe = preset.recipe
    if recipe.width is not None:
        return min(recipe.width, record.width)
    if recipe.height is not None:
        return min(record.width, max(1, round(record.width * recipe.height / record.height)))
    return record.width
