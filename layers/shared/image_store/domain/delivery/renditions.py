"""Presets, and the renditions made by them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from image_store.domain.images.media import MediaType

MAX_SIDE_PX = 4_096
"""No rendition is asked to be wider or higher."""


class Fit(StrEnum):
    """How a picture is brought into the size of a recipe; the words are those of Cloudflare Images.

    No picture is ever enlarged. Where a recipe gives one side only, every fit keeps the whole picture.
    """

    COVER = "cover"
    """Fills the size, or as much of its shape as the picture has pixels for; what juts out is cut off."""
    CONTAIN = "contain"
    """The whole picture within the size."""
    SCALE_DOWN = "scale-down"
    """The same, as nothing is enlarged."""
    PAD = "pad"
    """The whole picture on a canvas of exactly the size: transparent, or white in a JPEG."""


@dataclass(frozen=True, slots=True)
class Gravity:
    """What a crop keeps in view, and where on its canvas a padded picture lies.

    A point of the picture as shares of its width and height from the upper left, each 0–1; `is_smart` looks for
    where there is most to see instead, and pads around the middle.
    """

    x: float = 0.5
    y: float = 0.5
    is_smart: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.x <= 1 and 0 <= self.y <= 1):
            raise ValueError("a point lies within the picture: two shares of 0–1")


CENTER = Gravity()
SMART = Gravity(is_smart=True)

RENDITION_TYPES = (MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.AVIF)
"""What renditions are encoded in; never GIF."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what a rendition looks like, apart from the picture.

    Raises ValueError, with a sentence for the author of the recipe, when it cannot be followed.
    """

    width: int | None = None
    """Pixels; None leaves it to the other side, and with both sides None the picture keeps its size."""
    height: int | None = None
    fit: Fit = Fit.SCALE_DOWN
    gravity: Gravity = CENTER
    media_type: MediaType | None = None
    """None takes JPEG, PNG or WebP, whichever is smallest without visible loss."""
    quality: int | None = None
    """1–100; None takes what suits the format. PNG loses nothing and ignores it."""
    animated: bool = False
    """Whether an animation stays one, as a WebP; otherwise its first frame is shown."""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if side is not None and not 1 <= side <= MAX_SIDE_PX:
                raise ValueError(f"a side has 1–{MAX_SIDE_PX} pixels")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ValueError("a quality is 1–100")
        if self.media_type is not None and self.media_type not in RENDITION_TYPES:
            raise ValueError("a rendition is a JPEG, PNG, WebP or AVIF")
        if self.animated and self.media_type not in (None, MediaType.WEBP):
            raise ValueError("only a WebP can be animated")


@dataclass(frozen=True, slots=True)
class Preset:
    """A named way to derive a picture from an original."""

    name: str
    recipe: Recipe
    formats: tuple[MediaType, ...] = ()
    """The formats on request, the usual one first; empty when there is no choice."""
    at_upload: bool = False
    """Whether it exists from the moment an image is READY; otherwise it is made when first asked for."""

    def recipe_in(self, media_type: MediaType) -> Recipe:
        """Its recipe for one of its formats."""
        return self.recipe if media_type is self.recipe.media_type else self._changed_to(media_type)

    def _changed_to(self, media_type: MediaType) -> Recipe:
        is_animated = self.recipe.animated and media_type is MediaType.WEBP
        return replace(self.recipe, media_type=media_type, animated=is_animated)


THUMB = "thumb"
DISPLAY = "display"
NEGOTIATED_TYPES = (MediaType.WEBP, MediaType.AVIF, MediaType.JPEG)


def _on_request(name: str, *, width: int) -> Preset:
    return Preset(name, Recipe(width=width, media_type=MediaType.WEBP), NEGOTIATED_TYPES)


_TABLE = (
    Preset(
        THUMB,
        Recipe(300, 300, Fit.COVER, SMART, MediaType.JPEG, quality=70),
        (MediaType.JPEG,),
        at_upload=True,
    ),
    Preset(DISPLAY, Recipe(2048, 2048, animated=True), at_upload=True),
    _on_request("w640", width=640),
    _on_request("w1280", width=1280),
    _on_request("w2048", width=2048),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _TABLE})
"""The presets of a deployment that sets no others, by name."""

UPLOAD_RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {preset.name: preset.recipe for preset in _TABLE if preset.at_upload}
)
"""What is made of every image before it is READY; no deployment changes it."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A stored rendition: what a client must know to show it, without its key."""

    preset: str
    media_type: MediaType
    width: int
    height: int
    size_bytes: int
    making: str | None = None
    """The try that made it on request; None for those that were made with the image."""

    @property
    def filename(self) -> str:
        """The last segment of its private key: no two tries at making it share one."""
        making = "" if self.making is None else f"-{self.making}"
        return f"{self.preset}{making}.{self.media_type.extension}"

    @property
    def public_filename(self) -> str:
        """The last segment of the public key of its copy."""
        return f"{self.preset}.{self.media_type.extension}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a client paints before the thumbnail has arrived: a blurhash and `#rrggbb`."""

    blurhash: str
    color: str
