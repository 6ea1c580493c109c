"""Pictures that the store fetches itself, by their address."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.uploads.uploader import attributes_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.store.api import ApiClient


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """A picture at an address of the web, and the attributes of its image."""

    url: str
    attributes: Mapping[str, Any]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    """The idempotency key of this run: a lost response is repeated, and a later run fetches the address again."""

    def store(self, api: ApiClient) -> Mapping[str, Any]:
        """Have the store fetch the picture, and return the image."""
        return api.upload(self.url, idempotency_key=self.key, **attributes_body(self.attributes))


def is_address(word: str) -> bool:
    """Whether a word of the command line is an address of the web."""
    return word.lower().startswith(("https://", "http://"))
