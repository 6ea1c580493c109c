"""The query parameters of requests about one image."""

from pydantic import Field

from image_store.entrypoints.http.fields import Strict
from image_store.entrypoints.http.scalars import Flag


class DeleteParameters(Strict):
    """How an image is deleted."""

    permanent: Flag = False


class ContentParameters(Strict):
    """Which file of an image to return; the original unless a rendition is named."""

    rendition: str | None = Field(
        None,
        pattern="^[a-z0-9_-]{1,32}$",
        description="The name of a preset, such as `thumb`, `display` or `w640`. Deployments can define their own.",
    )
