"""Finds the requested rendition. A missing one is made by another function, so nothing is decoded here."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from image_store.domain.delivery.negotiation import accepts, preferred_format
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
    """False for the nearest existing rendition, used while the requested one is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renditions:
    """Chooses renditions by preset and by the formats that a client accepts."""

    retrieval: Retrieval
    renderer: Callable[[], Renderer]
    presets: Mapping[str, Preset]

    def for_owner(self, owner: str, image_id: str, preset: str, *, accept: str | None) -> RenditionFile:
        """A rendition of an image of this owner; ImageNotFound if there is no such image or preset."""
        return self.for_record(lambda: self.retrieval.get_record(owner, image_id), preset, accept=accept)

    def for_public_link(self, link: str, preset: str, *, accept: str | None) -> RenditionFile:
        """A rendition of the image of a public link; ImageNotFound as in `for_owner`."""
        return self.for_record(lambda: self.retrieval.get_public(link), preset, accept=accept)

    def for_signed_link(self, image_id: str, preset: str, *, accept: str | None) -> RenditionFile:
        """A rendition of the image of a signed link; ImageNotFound as in `for_owner`."""
        return self.for_record(lambda: self.retrieval.get_ready(image_id), preset, accept=accept)

    def for_record(
        self, read_record: Callable[[], ImageRecord], name: str, *, accept: str | None
    ) -> RenditionFile:
        """A rendition of the image whose record `read_record` returns; it is read again after a rendering."""
        preset = self.presets.get(name)
        if preset is None:
            raise not_found()
        record = read_record()
        if preset.at_upload:
            rendition = record.rendition(name)
            if rendition is None:
                raise not_found()
            return RenditionFile(record, rendition, is_exact=True)
        request = RenditionRequest(record.id, name, preferred_format(accept, preset.formats))
        rendition = record.rendition(name, request.media_type)
        if rendition is None:
            self._make(request)
            record = read_record()
            rendition = record.rendition(name, request.media_type)
        if rendition is None:
            return RenditionFile(record, nearest(record, preset, accept=accept), is_exact=False)
        return RenditionFile(record, rendition, is_exact=True)

    def _make(self, request: RenditionRequest) -> None:
        try:
            self.renderer().render(request)
        except StorageUnavailable as error:
            _logger.warning("A rendition could not be made: %s", error.message)


def nearest(record: ImageRecord, preset: Preset, *, accept: str | None) -> Rendition:
    """The rendition to show in place of a missing one.

    Accepted formats come first; among these the same preset in another format, then the nearest width.
    """
    width = _width(record, preset)
    return min(
        record.renditions,
        key=lambda rendition: (
            not accepts(accept, rendition.media_type),
            rendition.preset != preset.name,
            abs(rendition.width - width),
        ),
    )


def _width(record: ImageRecord, preset: Preset) -> int:
    recipe = preset.recipe
    if recipe.width is not None:
        return min(recipe.width, record.width)
    if recipe.height is not None:
        return min(record.width, max(1, round(record.width * recipe.height / record.height)))
    return record.width
