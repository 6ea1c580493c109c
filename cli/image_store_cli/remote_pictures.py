"""Pictures that the store fetches itself, by their address."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.arguments import groups_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_cli.api import ApiClient


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """A picture at an address of the web, and the attributes of its image."""

    url: str
    attributes: Mapping[str, Any]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    """The idempotency key of this run: a lost response is repeated, and a later run fetches the address again."""

    def store(self, api: ApiClient) -> dict[str, Any]:
        """Have the store fetch the picture, and return the image."""
        body = {"source": {"url": self.url}, **self._body()}
        image: dict[str, Any] = api.post("/v1/images", body, key=self.key)
        return image

    def _body(self) -> dict[str, Any]:
        """The attributes as the members of a JSON body."""
        attributes = dict(self.attributes)
        tags, groups = attributes.pop("tag", None), attributes.pop("group", None)
        attributes |= {"tags": tags} if tags else {}
        return attributes | ({"groups": groups_body(groups)} if groups else {})


def is_address(word: str) -> bool:
    """Whether a word of the command line is an address of the web."""
    return word.lower().startswith(("https://", "http://"))
