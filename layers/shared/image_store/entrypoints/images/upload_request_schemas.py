"""Schemas of requests that store images."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from image_store.domain.images.media import MAX_BYTES, MediaType, parse_declared
from image_store.entrypoints.http.fields import MAX_SAFE_INTEGER, MAX_URL_CHARS, OneOf, Strict
from image_store.entrypoints.http.scalars import Whole
from image_store.entrypoints.images.attribute_schemas import ImageAttributes

MAX_BATCH = 20


def declared_media_type(value: Any) -> Any:
    """The format that a Content-Type names, registered or not."""
    return (isinstance(value, str) and parse_declared(value)) or value


class Source(OneOf):
    """The source of the bytes: exactly one of these."""

    base64: str | None = Field(None, description="The bytes in base64.")
    data_uri: str | None = Field(None, description="A data URI, such as a canvas makes.")
    url: str | None = Field(
        None,
        max_length=MAX_URL_CHARS,
        description="http or https, at a public address; fetched once, while the request runs.",
    )


class ImageUpload(ImageAttributes):
    """An image as JSON."""

    source: Source


class ImageBatch(Strict):
    """Images as JSON, each stored or refused on its own."""

    items: list[ImageUpload] = Field(min_length=1, max_length=MAX_BATCH)


class AnyBatch(Strict):
    """A batch whose items are not validated yet."""

    items: list[Any] = Field(min_length=1, max_length=MAX_BATCH)


class DirectUploadRequest(ImageAttributes):
    """An image whose bytes the client sends directly to storage."""

    content_type: Annotated[MediaType, BeforeValidator(declared_media_type)]
    size_bytes: Whole = Field(
        ge=1,
        le=MAX_SAFE_INTEGER,
        description=f"The link accepts exactly this many bytes; at most {MAX_BYTES // 1024**2} MiB unless "
        "the deployment sets another limit.",
    )
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the bytes, in lower-case hexadecimal.")
