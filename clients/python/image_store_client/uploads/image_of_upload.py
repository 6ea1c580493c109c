"""The type of the image that an upload returns."""

from __future__ import annotations

from image_store_client.schemas import Image


class ImageOfUpload(Image):
    """The image that an upload returns."""

    existed: bool
    """Whether you had an image with these bytes, which `on_duplicate="return_existing"` returned.

    Over 4 MB with your own `idempotency_key` it is always false: the store then does not tell such an image from one
    that an earlier upload with this key has stored.
    """
