"""Reads the presets of a deployment from one line of text."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from image_store.domain.delivery.renditions import (
    CENTER,
    NEGOTIATED_TYPES,
    PRESETS,
    RENDITION_TYPES,
    SMART,
    UPLOAD_RECIPES,
    Fit,
    Gravity,
    Preset,
    Recipe,
)
from image_store.domain.errors import ConfigurationError
from image_store.domain.images.media import MediaType

MAX_PRESETS = 32
"""The most presets that a deployment may set."""

MAX_NAME_CHARACTERS = 32

_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
# In the key of an original, `original` takes the place of the preset's name.
_RESERVED = frozenset({*UPLOAD_RECIPES, "original"})
_FITS = {fit.value: fit for fit in Fit}
_GRAVITIES = {"center": CENTER, "smart": SMART}
_TYPES = {media_type.name.lower(): media_type for media_type in RENDITION_TYPES}


def presets_from(text: str) -> Mapping[str, Preset]:
    """The presets of a deployment: those made at upload, and those in `text` in place of the default ones.

    Presets are separated by `;`. Each is `NAME=SIZE` with options after commas, in any order and without spaces:
    `w320=320x;card=600x400,cover,smart,q75`.

    * NAME: 1–32 of `a-z`, `0-9`, `_` and `-`, not `thumb`, `display` or `original`
    * SIZE: `600x400`, `600x` or `x400`, in pixels up to 4096
    * a fit: `cover`, `contain`, `scale-down` (default) or `pad`
    * a gravity: `center` (default), `smart` or a point such as `0.25:0.4`
    * formats: `jpeg`, `png`, `webp`, `avif`, the default first; without any, WebP, AVIF and JPEG
    * a quality for all formats: `q1`–`q100`
    * `animated`: keeps animations in WebP

    An empty text means the default presets.

    Raises
    ------
    ConfigurationError
        the text does not follow the grammar; the message names the preset
    """
    line = text.strip().removesuffix(";")
    if not line:
        return PRESETS
    presets = {name: PRESETS[name] for name in UPLOAD_RECIPES}
    for at, part in enumerate(line.split(";"), start=1):
        if at > MAX_PRESETS:
            raise ConfigurationError(f"There are more than {MAX_PRESETS} presets.")
        name, _, rest = part.strip().partition("=")
        try:
            _check_name(name, presets)
            presets[name] = _preset(name, rest)
        except ValueError as error:
            # An invalid name is not repeated: it could be a secret that was set in the wrong place.
            label = f"The preset {name}" if _is_name(name) else f"Preset number {at}"
            raise ConfigurationError(f"{label} cannot be used: {error}.") from error
    return MappingProxyType(presets)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME_CHARACTERS and _NAME_CHARACTERS.issuperset(name)


def _check_name(name: str, presets: Mapping[str, Preset]) -> None:
    if not _is_name(name):
        raise ValueError("a name has 1–32 of a–z, 0–9, _ and -, and is followed by =")
    if name in _RESERVED:
        raise ValueError("the name is reserved")
    if name in presets:
        raise ValueError("the name is used twice")


def _preset(name: str, definition: str) -> Preset:
    size, *options = definition.split(",")
    width, height = _sides(size)
    chosen: dict[str, object] = {}
    types: list[MediaType] = []
    for kind, value in _options(options):
        if isinstance(value, MediaType):
            if value in types:
                raise ValueError(f"the option {kind} is given twice")
            types.append(value)
        elif kind in chosen:
            raise ValueError(f"it has more than one {kind}")
        else:
            chosen[kind] = value
    formats = tuple(types) or NEGOTIATED_TYPES
    recipe = Recipe(width, height, media_type=formats[0], **chosen)  # type: ignore[arg-type] # by kind
    return Preset(name, recipe, formats)


def _sides(size: str) -> tuple[int | None, int | None]:
    width, times, height = size.partition("x")
    if not times or not (width or height):
        raise ValueError("its size is written 600x400, 600x or x400")
    return _number(width), _number(height)


def _number(digits: str) -> int | None:
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5):
        raise ValueError("sides and qualities are whole numbers")
    return int(digits)


def _options(options: list[str]) -> Iterator[tuple[str, object]]:
    for option in options:
        if option in _FITS:
            yield "fit", _FITS[option]
        elif option in _GRAVITIES:
            yield "gravity", _GRAVITIES[option]
        elif option in _TYPES:
            yield option, _TYPES[option]
        elif option == "animated":
            yield "animated", True
        elif option.startswith("q") and option[1:]:
            yield "quality", _number(option[1:])
        elif ":" in option:
            yield "gravity", _point(option)
        else:
            raise ValueError("one of its options is unknown")


def _point(text: str) -> Gravity:
    x, _, y = text.partition(":")
    return Gravity(_share(x), _share(y))


def _share(text: str) -> float:
    if not text or not set(text) <= set("0123456789."):
        raise ValueError("a point is written 0.25:0.4")
    return float(text)
