"""What the request for a link means."""

from datetime import timedelta

from image_store.domain.delivery.renditions import CENTER, DISPLAY, SMART, Fit, Gravity, Recipe
from image_store.domain.delivery.signed_links import transform
from image_store.domain.images.media import MediaType
from image_store.entrypoints.delivery.signed_link_schemas import ShareRequest

_TYPES = {
    "jpeg": MediaType.JPEG,
    "png": MediaType.PNG,
    "webp": MediaType.WEBP,
    "avif": MediaType.AVIF,
}
_GRAVITIES = {"center": CENTER, "smart": SMART}


def wanted_by(asked: ShareRequest) -> Recipe | str:
    """The recipe of a transform, or the preset of a rendition; without either the rendition `display`."""
    if asked.w is None and asked.h is None:
        return asked.rendition or DISPLAY
    return transform(
        Recipe(
            width=asked.w,
            height=asked.h,
            fit=Fit(asked.fit or Fit.SCALE_DOWN),
            gravity=_gravity(asked.gravity or "center"),
            media_type=_TYPES[asked.format or "webp"],
            quality=asked.q,
        )
    )


def lifetime_of(asked: ShareRequest) -> timedelta:
    """For how long the link is to work."""
    return timedelta(seconds=asked.expires_in)


def _gravity(text: str) -> Gravity:
    if text in _GRAVITIES:
        return _GRAVITIES[text]
    x, _, y = text.partition(":")
    return Gravity(float(x), float(y))
