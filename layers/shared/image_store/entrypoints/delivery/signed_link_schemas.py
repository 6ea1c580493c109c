"""Requests for signed links."""

from typing import Literal, Self

from pydantic import Field, model_validator

from image_store.domain.delivery.renditions import MAX_SIDE_PX
from image_store.domain.delivery.signed_links import DEFAULT_LIFETIME, MAX_LIFETIME, MIN_LIFETIME
from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Whole


class SignedLinkRequest(Strict):
    """The file that a link shows: a rendition, by default `display`; or, with `w` or `h`, a transform.

    With one side only, the whole picture is shown. No picture is enlarged.
    """

    rendition: str | None = Field(None, pattern="^[a-z0-9_-]{1,32}$", description="A preset; see `/content`.")
    w: Whole | None = Field(None, ge=1, le=MAX_SIDE_PX, description="Width in pixels.")
    h: Whole | None = Field(None, ge=1, le=MAX_SIDE_PX, description="Height in pixels.")
    fit: Literal["cover", "contain", "scale-down", "pad"] | None = Field(
        None, description="How the picture fits `w` × `h`; by default `scale-down`."
    )
    format: Literal["jpeg", "png", "webp", "avif"] | None = Field(None, description="By default `webp`.")
    q: Whole | None = Field(None, ge=1, le=100, description="Quality; by default that of the format.")
    gravity: str | None = Field(
        None,
        pattern=r"^(center|smart|(0(\.[0-9]{1,6})?|1(\.0{1,6})?):(0(\.[0-9]{1,6})?|1(\.0{1,6})?))$",
        description="The part that a crop keeps: `center` (default), `smart`, or a point such as `0.25:0.4`.",
    )
    expires_in: Whole = Field(
        int(DEFAULT_LIFETIME.total_seconds()),
        ge=int(MIN_LIFETIME.total_seconds()),
        le=int(MAX_LIFETIME.total_seconds()),
        description="The lifetime of the link in seconds.",
    )

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        steps = (self.fit, self.format, self.q, self.gravity)
        is_sized = self.w is not None or self.h is not None
        if is_sized and self.rendition is not None:
            raise ValueError("rendition cannot be combined with w or h")
        if not is_sized and any(step is not None for step in steps):
            raise ValueError("a transform needs w, h or both")
        return self
