"""The image processor of the store: decodes once and makes everything from that."""

from collections.abc import Mapping

from image_store.adapters.imaging.decoding.decoding import Decoded, decode
from image_store.adapters.imaging.decoding.limits import DecodeLimits, Header
from image_store.adapters.imaging.decoding.room import PixelRoom
from image_store.adapters.imaging.formats.headers import read_header
from image_store.adapters.imaging.rendering.fingerprint import perceptual_hash
from image_store.adapters.imaging.rendering.placeholder import make_placeholder
from image_store.adapters.imaging.rendering.provenance import xmp_packet
from image_store.adapters.imaging.rendering.renditions import render
from image_store.domain.delivery.renditions import Recipe
from image_store.domain.errors import (
    ContentTypeMismatch,
    ImageStoreError,
    ImageTooLarge,
    InvalidImage,
    UnsupportedMediaType,
)
from image_store.domain.images.media import MediaType, sniff
from image_store.domain.images.processing import ProcessedImage
from image_store.domain.images.provenance import Provenance


class PillowProcessor:
    """Verifies originals and makes their renditions with Pillow; keeps nothing between calls.

    Several threads may call it. Pictures are decoded at the same time if together they have no more pixels than the
    largest accepted picture; the others wait. `DecodeLimits` bounds CPU time and memory.
    """

    def __init__(self, limits: DecodeLimits | None = None) -> None:
        """Accept what is within `limits`, by default those of a deployment without settings of its own."""
        self._limits = limits or DecodeLimits()
        self._room = PixelRoom(self._limits.max_pixels)

    def process(
        self,
        data: bytes,
        media_type: MediaType | None,
        recipes: Mapping[str, Recipe],
        *,
        provenance: Provenance | None = None,
    ) -> ProcessedImage:
        """Verify that `data` is an image the store accepts and make a rendition by each recipe from one decode.

        `media_type` is None if it is unknown. Renditions have the order and the names of `recipes`. Every frame of an
        animation is decoded. A rendition shows only the first one if its recipe is not animated, or if the animation
        is too long. With a `provenance` each rendition carries it as XMP; otherwise none carries metadata.

        Raises
        ------
        PayloadTooLarge, UnsupportedMediaType, ContentTypeMismatch, InvalidImage, ImageTooLarge, TooManyFrames
            cheap checks come first: the number of bytes, the signature, the values of the header
        """
        self._limits.check_bytes(len(data))
        media_type = _checked(data, media_type)
        header = read_header(data, media_type, max_metadata_bytes=self._limits.max_metadata_bytes)
        try:
            with self._room.reserve(self._pixels_of(header)):
                decoded = decode(data, media_type, header, limits=self._limits, recipes=recipes.values())
                renditions, overview = render(
                    decoded.picture,
                    size=decoded.size,
                    recipes=recipes,
                    animation=decoded.animation,
                    xmp=xmp_packet(provenance) if provenance else b"",
                )
                placeholder, fingerprint = make_placeholder(overview), perceptual_hash(overview)
        except ImageStoreError:
            raise
        except MemoryError as error:
            raise ImageTooLarge("The image needs more memory to decode than there is.") from error
        except Exception as error:  # colour profiles, for example, are applied only while renditions are made
            raise InvalidImage(f"No renditions can be made of the {media_type.name}.") from error
        width, height = decoded.size
        return ProcessedImage(
            media_type=media_type,
            width=width,
            height=height,
            frames=decoded.frames,
            renditions=renditions,
            placeholder=placeholder,
            perceptual_hash=fingerprint,
            warnings=decoded.warnings + _animation_warnings(decoded, recipes),
        )

    def _pixels_of(self, header: Header | None) -> int:
        """How many pixels are in memory at once: the frames of a rendition stay there until it is encoded."""
        if header is None:
            return self._room.pixels
        pixels = header.width * header.height
        frame_pixels = (
            min(pixels * header.frames, self._limits.max_animated_pixels) if header.frames > 1 else 0
        )
        return pixels + frame_pixels


def _checked(data: bytes, known: MediaType | None) -> MediaType:
    sniffed = sniff(data)
    if sniffed is None:
        raise UnsupportedMediaType("This is not an accepted image: send JPEG, PNG, GIF, WebP or AVIF.")
    if known is not None and known is not sniffed:
        raise ContentTypeMismatch(f"The bytes are {sniffed.value}, and not {known.value}.")
    return sniffed


def _animation_warnings(decoded: Decoded, recipes: Mapping[str, Recipe]) -> tuple[str, ...]:
    moving = decoded.animation.moving if decoded.animation else frozenset()
    still = [name for name, recipe in recipes.items() if recipe.animated and recipe not in moving]
    if decoded.frames == 1 or not still:
        return ()
    return (f"The animation is too long or too large to be kept moving in: {', '.join(still)}.",)
