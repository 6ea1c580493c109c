"""Schemas of requests and responses about shares."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StrictBool, model_validator

from image_store.domain.delivery.presets import MAX_PRESETS
from image_store.domain.delivery.renditions import PRESETS
from image_store.domain.delivery.shares import MAX_LIFETIME, MAX_NAME_CHARS, MIN_LIFETIME, USUAL_LIFETIME
from image_store.entrypoints.http.fields import GroupName, Line, Strict
from image_store.entrypoints.http.scalars import Whole

PresetName = Annotated[str, Field(pattern="^[a-z0-9_-]{1,32}$")]


class ShareRequest(Strict):
    """What a share shows, and for how long: exactly one of `image_id`, `group` and `all`."""

    image_id: str | None = Field(None, min_length=1, max_length=64, description="One image.")
    group: GroupName | None = Field(None, description="The images that are in this group, as `type:id`.")
    all: StrictBool | None = Field(None, description="`true`: all your images, later ones too.")
    presets: list[PresetName] | None = Field(
        None,
        min_length=1,
        max_length=MAX_PRESETS + len(PRESETS),
        description="The presets that the share shows; by default all. No share shows originals.",
    )
    expires_in: Whole = Field(
        int(USUAL_LIFETIME.total_seconds()),
        ge=int(MIN_LIFETIME.total_seconds()),
        le=int(MAX_LIFETIME.total_seconds()),
        description="The lifetime in seconds.",
    )
    name: Line | None = Field(
        None, min_length=1, max_length=MAX_NAME_CHARS, description="A name for your list."
    )

    @model_validator(mode="after")
    def _shows_one_thing(self) -> Self:
        targets = (self.image_id is not None, self.group is not None, self.all is True)
        if self.all is False or sum(targets) != 1:
            raise ValueError("exactly one of image_id, group and all: true is needed")
        return self


class SharesQuery(Strict):
    """A page of a list of shares, the newest first."""

    limit: Whole = Field(20, ge=1, le=50)
    cursor: str | None = Field(None, min_length=1, max_length=500)


class ShareAnswer(BaseModel):
    """A share: a permission to view images without a token."""

    id: str
    url_prefix: str | None = Field(
        description="The address of a picture is `{url_prefix}/{image_id}/{preset}`. Whoever knows it sees the images, "
        "so it is null for a key without the scope `images:write`."
    )
    image_id: str | None
    group: str | None
    all: bool
    presets: list[str] | None = Field(description="The presets that the share shows; null for all.")
    name: str | None
    status: Literal["active", "expired", "revoked"]
    created_at: datetime
    created_by: str = Field(
        description="`subject:` and the subject of a user, or `key:` and the id of an API key."
    )
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(
        description="When it last showed an image, exact to an hour; null if it never did."
    )


class SharePageAnswer(BaseModel):
    """A page of your shares; it may be short or empty while `next_cursor` is not null."""

    items: list[ShareAnswer]
    next_cursor: str | None
