"""Links that show one file of an image for a limited time, and their encoding.

A link holds the image, its expiry, and either the preset of a rendition or the recipe of a transform. Numbers have
fixed widths, and texts follow their length, so every link has exactly one encoding. The signature is added in
`services/delivery/signed_links.py`.
"""

import hashlib
import struct
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from image_store.domain.delivery.renditions import MAX_SIDE_PX, Fit, Gravity, Recipe
from image_store.domain.images.media import MediaType

MIN_LIFETIME = timedelta(minutes=1)
MAX_LIFETIME = timedelta(days=7)
DEFAULT_LIFETIME = timedelta(hours=1)

_PRESET, _RECIPE = b"\x01", b"\x02"
# Existing links contain these indexes, so the order must not change.
_FITS = (Fit.COVER, Fit.CONTAIN, Fit.SCALE_DOWN, Fit.PAD)
_TYPES = (MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.AVIF)
_HEAD = struct.Struct(">16sI")
_STEPS = struct.Struct(">HHBBBBHH")
_STEPS_OF_A_SIDE = 1_000
"""Coordinates of a point are encoded in thousandths."""


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The content of a link: what it shows, and until when."""

    image_id: str
    expires_at: datetime
    """In whole seconds."""
    target: Recipe | str
    """A recipe that `transform` returned, or the name of a preset."""


def transform(recipe: Recipe) -> Recipe:
    """A recipe in its canonical form, in which links and stored files use it.

    Both sides and the format are set. A missing side becomes 4096 px, and the whole picture is kept. Raises ValueError
    with a message for the caller if both sides are missing.
    """
    if recipe.width is None and recipe.height is None:
        raise ValueError("w, h or both are needed")
    gravity = recipe.gravity
    if gravity.is_smart:
        gravity = Gravity(is_smart=True)
    else:
        gravity = Gravity(
            round(gravity.x * _STEPS_OF_A_SIDE) / _STEPS_OF_A_SIDE,
            round(gravity.y * _STEPS_OF_A_SIDE) / _STEPS_OF_A_SIDE,
        )
    open_side = recipe.width is None or recipe.height is None
    fit = Fit.SCALE_DOWN if open_side or recipe.fit is Fit.CONTAIN else recipe.fit
    if fit is Fit.SCALE_DOWN:
        gravity = Gravity()  # it has no effect: nothing is cropped or padded
    return replace(
        recipe,
        width=recipe.width or MAX_SIDE_PX,
        height=recipe.height or MAX_SIDE_PX,
        fit=fit,
        gravity=gravity,
        media_type=recipe.media_type or MediaType.WEBP,
        quality=None if recipe.media_type is MediaType.PNG else recipe.quality,
        animated=False,
    )


def transform_filename(recipe: Recipe) -> str:
    """The last segment of the key of a transform; equal for equal recipes."""
    assert recipe.media_type is not None  # noqa: S101 - `transform` sets it
    return f"{hashlib.sha256(_encoded_recipe(recipe)).hexdigest()[:32]}.{recipe.media_type.extension}"


def encode_link(link: SignedLink) -> bytes:
    """A link as bytes."""
    head = _HEAD.pack(uuid.UUID(link.image_id).bytes, int(link.expires_at.timestamp()))
    if isinstance(link.target, str):
        name = link.target.encode("ascii")
        return _PRESET + head + bytes([len(name)]) + name
    return _RECIPE + head + _encoded_recipe(link.target)


def decode_link(raw: bytes) -> SignedLink | None:
    """The link in these bytes; None for bytes that `encode_link` never returns."""
    kind, head, rest = raw[:1], raw[1 : 1 + _HEAD.size], raw[1 + _HEAD.size :]
    try:
        image_id, expires = _HEAD.unpack(head)
        target = _preset(rest) if kind == _PRESET else _recipe(rest)
        link = SignedLink(str(uuid.UUID(bytes=image_id)), datetime.fromtimestamp(expires, UTC), target)
    except (struct.error, ValueError, IndexError):
        return None
    return link if encode_link(link) == raw else None


def _preset(raw: bytes) -> str:
    return raw[1:].decode("ascii")


def _encoded_recipe(recipe: Recipe) -> bytes:
    gravity = recipe.gravity
    assert recipe.media_type is not None  # noqa: S101 - `transform` sets it
    return _STEPS.pack(
        recipe.width or 0,
        recipe.height or 0,
        _FITS.index(recipe.fit),
        _TYPES.index(recipe.media_type),
        recipe.quality or 0,
        int(gravity.is_smart),
        round(gravity.x * _STEPS_OF_A_SIDE),
        round(gravity.y * _STEPS_OF_A_SIDE),
    )


def _recipe(raw: bytes) -> Recipe:
    width, height, fit, media_type, quality, is_smart, x, y = _STEPS.unpack(raw)
    return transform(
        Recipe(
            width=width,
            height=height,
            fit=_FITS[fit],
            media_type=_TYPES[media_type],
            quality=quality or None,
            gravity=Gravity(x / _STEPS_OF_A_SIDE, y / _STEPS_OF_A_SIDE, bool(is_smart)),
        )
    )
