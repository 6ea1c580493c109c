"""Reads images from Cloudinary.

Lists by `GET /v1_1/{cloud}/resources/image/{type}` with HTTP Basic, one type after the other, and reads originals at
their `secure_url`, or by a signed `…/image/download` if they are not public. Each response to the Admin API says how
many calls are left in this hour; a source with few left is left alone until the hour is over.
(https://cloudinary.com/documentation/admin_api)
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from image_store.adapters.importing.answers import (
    MAX_LIST_BYTES,
    check_status,
    file_of,
    json_of,
    not_as_documented,
    object_in,
    objects_in,
    path_in,
    size_in,
    text_in,
    time_in,
    wait_of,
)
from image_store.adapters.remote.source_http import SourceHttp
from image_store.domain.errors import SourceUnreadable
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import FetchedFile, ItemPage, SourceItem
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource

API = "https://api.cloudinary.com"
_TYPES = ("upload", "private", "authenticated")
"""The delivery types of what was uploaded; the others are copies of other sites."""
_MOST = 500
_SPARED_CALLS = 5
"""So many calls of an hour are left to the account's other programs."""
_DOWNLOAD_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudinarySource(ImportSource):
    """ImportSource on the uploaded images of a product environment; a prefix is one of their public ids."""

    http: SourceHttp
    clock: Clock
    cloud_name: str
    api_key: str
    api_secret: str
    prefix: str = ""
    api_url: str = API
    calls_a_second: float | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        return ("cloudinary", self.cloud_name)

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        place: dict[str, Any] = json.loads(cursor) if cursor is not None else {"type": 0, "next": None}
        number = int(place["type"])
        query = {
            "max_results": str(min(limit, _MOST)),
            "direction": "asc",
            "tags": "true",
            "context": "true",
            "metadata": "true",
        }
        if self.prefix:
            query["prefix"] = self.prefix
        if place["next"] is not None:
            query["next_cursor"] = place["next"]
        url = f"{self._base}/resources/image/{_TYPES[number]}?{urlencode(query)}"
        answer = self.http.request("GET", url, headers=self._headers, max_bytes=MAX_LIST_BYTES, until=until)
        check_status(answer.status, answer.headers, now=self.clock.now())
        body = json_of(answer)
        items = tuple(filter(None, map(self._item, objects_in(body.get("resources", [])))))
        following = text_in(body, "next_cursor")
        if following is not None:
            after: str | None = json.dumps({"type": number, "next": following})
        else:
            after = json.dumps({"type": number + 1, "next": None}) if number + 1 < len(_TYPES) else None
        return ItemPage(items=items, following=after, rest=self._rest(answer.headers))

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        url = item.download or self._signed_download(item)
        answer = self.http.request(
            "GET", url, headers={"Accept": "image/*"}, max_bytes=max_bytes, until=until
        )
        return file_of(answer, now=self.clock.now())

    @property
    def _base(self) -> str:
        return f"{self.api_url}/v1_1/{quote(self.cloud_name, safe='')}"

    @property
    def _headers(self) -> dict[str, str]:
        credentials = base64.b64encode(f"{self.api_key}:{self.api_secret}".encode()).decode()
        return {"Authorization": f"Basic {credentials}", "Accept": "application/json"}

    def _rest(self, headers: Mapping[str, str]) -> timedelta | None:
        left = headers.get("x-featureratelimit-remaining", "")
        if not (left.isascii() and left.isdecimal()) or int(left[:9]) > _SPARED_CALLS:
            return None
        return wait_of(headers, now=self.clock.now())

    def _item(self, resource: Mapping[str, Any]) -> SourceItem | None:
        asset_id, public_id = text_in(resource, "asset_id"), text_in(resource, "public_id")
        if public_id is None:
            raise not_as_documented()
        if resource.get("placeholder") is True:  # deleted, with a backup
            return None
        kind, extension = text_in(resource, "type") or "upload", text_in(resource, "format") or ""
        address = text_in(resource, "secure_url")
        is_public = (
            kind == "upload"
            and resource.get("access_mode", "public") == "public"
            and not resource.get("access_control")
        )
        name = text_in(resource, "display_name") or public_id.rpartition("/")[2]
        context = object_in(object_in(resource, "context"), "custom") or object_in(resource, "context")
        structured = object_in(resource, "metadata")
        described = {key: value for key, value in context.items() if key not in {"alt", "caption"}}
        tags = resource.get("tags")
        return SourceItem(
            id=asset_id or f"{kind}/{public_id}",
            url=address,
            paths=path_in(address),
            size_bytes=size_in(resource, "bytes"),
            media_type=f"image/{extension}" if extension else None,
            created_at=time_in(resource, "created_at"),
            filename=f"{name}.{extension}" if extension and not name.endswith(f".{extension}") else name,
            folder=text_in(resource, "asset_folder") or public_id.rpartition("/")[0] or None,
            title=text_in(context, "caption"),
            alt_text=text_in(context, "alt"),
            tags=tuple(tags) if isinstance(tags, list) else (),
            metadata={"public_id": public_id, **described, **structured},
            visibility=Visibility.UNLISTED if is_public else Visibility.PRIVATE,
            download=address if is_public else None,
            handle=json.dumps({"public_id": public_id, "type": kind, "format": extension}),
        )

    def _signed_download(self, item: SourceItem) -> str:
        """The address that returns the original of an image that is not public, for ten minutes."""
        if item.handle is None:
            raise SourceUnreadable("The source names no address of this image.")
        now = self.clock.now()
        parameters = {
            **json.loads(item.handle),
            "timestamp": str(int(now.timestamp())),
            "expires_at": str(int((now + _DOWNLOAD_LIFETIME).timestamp())),
        }
        signed = {name: value for name, value in parameters.items() if value}
        query = urlencode(signed | {"api_key": self.api_key, "signature": signature(signed, self.api_secret)})
        return f"{self._base}/image/download?{query}"


def signature(parameters: Mapping[str, str], api_secret: str) -> str:
    """Cloudinary's signature, version 2: SHA-1 of the sorted parameters and the secret."""
    text = "&".join(f"{name}={value}".replace("&", "%26") for name, value in sorted(parameters.items()))
    return hashlib.sha1(f"{text}{api_secret}".encode(), usedforsecurity=False).hexdigest()
