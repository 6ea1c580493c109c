"""Reads images from Cloudflare Images.

Lists by `GET /accounts/{account}/images/v2`, and reads originals by `GET …/images/v1/{id}/blob`: what the delivery
addresses return is transcoded. A list has no sizes and no types. Cloudflare blocks a token for five minutes that sends
more than 1,200 requests in five minutes, so the pace stays below that.
(https://developers.cloudflare.com/api/resources/images/, https://developers.cloudflare.com/fundamentals/api/reference/limits/)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from image_store.adapters.importing.answers import (
    MAX_LIST_BYTES,
    check_status,
    file_of,
    json_of,
    not_as_documented,
    object_in,
    objects_in,
    path_in,
    text_in,
    time_in,
)
from image_store.adapters.remote.source_http import SourceHttp
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import FetchedFile, ItemPage, SourceItem
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource

API = "https://api.cloudflare.com"
_FEWEST = 10
_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudflareSource(ImportSource):
    """ImportSource on the images of an account; a prefix is one of their ids."""

    http: SourceHttp
    clock: Clock
    account_id: str
    api_token: str
    prefix: str = ""
    api_url: str = API
    calls_a_second: float | None = 3.5

    @property
    def identity(self) -> tuple[str, ...]:
        return ("cloudflare_images", self.account_id)

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        query = f"per_page={min(max(limit, _FEWEST), _MOST)}&sort_order=asc"
        if cursor is not None:
            query += f"&continuation_token={quote(cursor, safe='')}"
        answer = self.http.request(
            "GET", f"{self._base}/v2?{query}", headers=self._headers, max_bytes=MAX_LIST_BYTES, until=until
        )
        check_status(answer.status, answer.headers, now=self.clock.now())
        body = json_of(answer)
        if body.get("success") is not True:
            raise not_as_documented()
        result = object_in(body, "result")
        images = objects_in(result.get("images", []))
        items = tuple(
            item for item in map(self._item, images) if item is not None and item.id.startswith(self.prefix)
        )
        return ItemPage(items=items, following=text_in(result, "continuation_token"))

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        headers = self._headers | {"Accept": "image/*"}
        url = f"{self._base}/v1/{quote(item.id, safe='')}/blob"
        answer = self.http.request("GET", url, headers=headers, max_bytes=max_bytes, until=until)
        return file_of(answer, now=self.clock.now())

    @property
    def _base(self) -> str:
        return f"{self.api_url}/client/v4/accounts/{quote(self.account_id, safe='')}/images"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_token}", "Accept": "application/json"}

    def _item(self, image: Mapping[str, Any]) -> SourceItem | None:
        image_id = text_in(image, "id")
        if image_id is None:
            raise not_as_documented()
        if image.get("draft") is True:  # a direct upload that nobody has finished
            return None
        meta = object_in(image, "meta")
        variants = image.get("variants")
        address = (
            next((each for each in variants if isinstance(each, str)), None)
            if isinstance(variants, list)
            else None
        )
        folder, _, name = image_id.rpartition("/")
        tags = meta.get("tags")
        return SourceItem(
            id=image_id,
            url=address,
            paths=path_in(address),  # redirects of every variant are found by it
            created_at=time_in(image, "uploaded"),
            filename=text_in(image, "filename") or name,
            folder=folder or None,
            title=text_in(meta, "title"),
            alt_text=text_in(meta, "alt"),
            tags=tuple(tags) if isinstance(tags, list) else (),
            metadata={name: value for name, value in meta.items() if name not in {"tags", "alt", "title"}},
            visibility=Visibility.PRIVATE if image.get("requireSignedURLs") is True else Visibility.UNLISTED,
        )
