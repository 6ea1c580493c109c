"""Presets, and the renditions that they make."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from image_store.domain.images.media import MediaType

MAX_SIDE_PX = 4_096
"""The largest width and height that a recipe may request."""
MAX_WEBP_SIDE_PX = 16_383
"""WebP allows no longer side. A recipe with one side alone may lead to any length of the other."""


class Fit(StrEnum):
    """How a picture fits the size of a recipe; the names are those of Cloudflare Images.

    No picture is ever enlarged. If a recipe sets one side only, every fit keeps the whole picture.
    """

    COVER = "cover"
    """Fills the size, or its shape if the picture is smaller, and cuts off the rest."""
    CONTAIN = "contain"
    """The whole picture within the size."""
    SCALE_DOWN = "scale-down"
    """The same as CONTAIN, since nothing is enlarged."""
    PAD = "pad"
    """The whole picture on a canvas of exactly the size: transparent, or white in a JPEG."""


@dataclass(frozen=True, slots=True)
class Gravity:
    """The point that a crop keeps in view, and the place of a padded picture on its canvas.

    `x` and `y` are fractions of width and height from the upper left, each 0–1. `is_smart` ignores them: it crops to
    the part with the most detail, and pads around the middle.
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
    """Everything that decides how a rendition looks, except the picture.

    Raises ValueError with a message for the author of the recipe if a value is not possible.
    """

    width: int | None = None
    """Pixels; None follows from the height. With both None the picture keeps its size."""
    height: int | None = None
    fit: Fit = Fit.SCALE_DOWN
    gravity: Gravity = CENTER
    media_type: MediaType | None = None
    """None chooses the smallest of JPEG, PNG and WebP without visible loss."""
    quality: int | None = None
    """1–100; None is the default of the format. PNG is lossless and ignores it."""
    animated: bool = False
    """Whether an animation stays animated, as WebP; otherwise only its first frame is kept."""

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
    """The formats that a client may choose, the default first; empty if there is no choice."""
    at_upload: bool = False
    """Whether it is made with the image; otherwise it is made at the first request."""

    def recipe_in(self, media_type: MediaType) -> Recipe:
        """The recipe for one of the formats."""
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
"""The renditions of every image before it is READY; deployments cannot change them."""


def fixed_widths(presets: Mapping[str, Preset]) -> dict[str, int]:
    """The presets that keep the whole picture at one width, which a `srcset` can name, and their widths in pixels."""
    return {
        name: preset.recipe.width
        for name, preset in presets.items()
        if preset.recipe.width is not None and preset.recipe.height is None
    }


@dataclass(frozen=True, slots=True)
class Rendition:
    """A stored rendition: everything that a client needs to show it, except its key."""

    preset: str
    media_type: MediaType
    width: int
    height: int
    size_bytes: int
    making: str | None = None
    """The try that made it on request; None for a rendition that was made with the image."""

    @property
    def filename(self) -> str:
        """The last segment of its private key; every try has its own."""
        making = "" if self.making is None else f"-{self.making}"
        return f"{self.preset}{making}.{self.media_type.extension}"

    @property
    def public_filename(self) -> str:
        """The last segment of the public key of its copy."""
        return f"{self.preset}.{self.media_type.extension}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A blurhash and a color `#rrggbb`, which clients show until the thumbnail has arrived."""

    blurhash: str
    color: str
