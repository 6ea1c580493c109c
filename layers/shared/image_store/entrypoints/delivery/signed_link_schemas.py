"""Requests for signed links."""

from typing import Literal, Self

from pydantic import Field, model_validator

from image_store.domain.delivery.renditions import MAX_SIDE_PX
from image_store.domain.delivery.signed_links import MAX_LIFETIME, MIN_LIFETIME, USUAL_LIFETIME
from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Whole


class ShareRequest(Strict):
    """What a link is to show: a rendition, `display` unless another is named; or with `w` or `h` a transform.

    Where one side is given the whole picture is shown; no picture is enlarged.
    """

    rendition: str | None = Field(None, pattern="^[a-z0-9_-]{1,32}$", description="A preset; see `/content`.")
    w: Whole | None = Field(None, ge=1, le=MAX_SIDE_PX, description="Width in pixels.")
    h: Whole | None = Field(None, ge=1, le=MAX_SIDE_PX, description="Height in pixels.")
    fit: Literal["cover", "contain", "scale-down", "pad"] | None = Field(
        None, description="How the picture is brought into `w` × `h`; `scale-down` unless given."
    )
    format: Literal["jpeg", "png", "webp", "avif"] | None = Field(None, description="`webp` unless given.")
    q: Whole | None = Field(None, ge=1, le=100, description="Quality; what suits the format unless given.")
    gravity: str | None = Field(
        None,
        pattern=r"^(center|smart|(0(\.[0-9]{1,6})?|1(\.0{1,6})?):(0(\.[0-9]{1,6})?|1(\.0{1,6})?))$",
        description="What a crop keeps in view: `center` (unless given), `smart`, or a point such as `0.25:0.4`.",
    )
    expires_in: Whole = Field(
        int(USUAL_LIFETIME.total_seconds()),
        ge=int(MIN_LIFETIME.total_seconds()),
        le=int(MAX_LIFETIME.total_seconds()),
        description="For how many seconds the link works.",
    )

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        steps = (self.fit, self.format, self.q, self.gravity)
        is_sized = self.w is not None or self.h is not None
        if is_sized and self.rendition is not None:
            raise ValueError("rendition stands alone")
        if not is_sized and any(step is not None for step in steps):
            raise ValueError("a transform needs w, h or both")
        return self
