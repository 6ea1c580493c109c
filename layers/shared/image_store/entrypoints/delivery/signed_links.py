"""Reads a request for a signed link."""

from datetime import timedelta

from image_store.domain.delivery.renditions import CENTER, DISPLAY, SMART, Fit, Gravity, Recipe
from image_store.domain.delivery.signed_links import transform
from image_store.domain.images.media import MediaType
from image_store.entrypoints.delivery.signed_link_schemas import SignedLinkRequest

_TYPES = {
    "jpeg": MediaType.JPEG,
    "png": MediaType.PNG,
    "webp": MediaType.WEBP,
    "avif": MediaType.AVIF,
}
_GRAVITIES = {"center": CENTER, "smart": SMART}


def recipe_or_preset(request: SignedLinkRequest) -> Recipe | str:
    """The recipe of a transform, or the preset of a rendition; by default `display`."""
    if request.w is None and request.h is None:
        return request.rendition or DISPLAY
    return transform(
        Recipe(
            width=request.w,
            height=request.h,
            fit=Fit(request.fit or Fit.SCALE_DOWN),
            gravity=_gravity(request.gravity or "center"),
            media_type=_TYPES[request.format or "webp"],
            quality=request.q,
        )
    )


def lifetime_of(request: SignedLinkRequest) -> timedelta:
    """The lifetime of the link."""
    return timedelta(seconds=request.expires_in)


def _gravity(text: str) -> Gravity:
    if text in _GRAVITIES:
        return _GRAVITIES[text]
    x, _, y = text.partition(":")
    return Gravity(float(x), float(y))
