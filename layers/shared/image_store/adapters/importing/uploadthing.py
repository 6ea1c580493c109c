"""Reads files from UploadThing.

Lists by `POST /v6/listFiles`, by offset, and reads files at `https://{app}.ufs.sh/f/{key}`: first as everybody, and if
that is refused, by an address that is signed here. So it finds out which files are private, which no list says.
(https://docs.uploadthing.com/api-reference/ut-api)
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from image_store.adapters.importing.answers import (
    MAX_LIST_BYTES,
    check_status,
    file_of,
    json_of,
    not_as_documented,
    objects_in,
    size_in,
    text_in,
)
from image_store.adapters.remote.source_http import SourceHttp
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import FetchedFile, ItemPage, SourceItem
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource

API = "https://api.uploadthing.com"
_MOST = 500
_LINK_LIFETIME = timedelta(minutes=10)
_PRIVATE = frozenset({401, 403})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_000
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadThingSource(ImportSource):
    """ImportSource on the files of an app; a prefix is one of their names."""

    http: SourceHttp
    clock: Clock
    app_id: str
    api_key: str
    prefix: str = ""
    api_url: str = API
    files_url: str = ""
    """Where files are; by default `https://{app}.ufs.sh`."""
    calls_a_second: float | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        return ("uploadthing", self.app_id)

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        offset = int(cursor or 0)
        answer = self.http.request(
            "POST",
            f"{self.api_url}/v6/listFiles",
            headers={
                "x-uploadthing-api-key": self.api_key,
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            body=json.dumps({"limit": min(limit, _MOST), "offset": offset}).encode(),
            max_bytes=MAX_LIST_BYTES,
            until=until,
        )
        check_status(answer.status, answer.headers, now=self.clock.now())
        body = json_of(answer)
        files = objects_in(body.get("files"))
        has_more = body.get("hasMore") is True and bool(files)
        return ItemPage(
            items=tuple(filter(None, map(self._item, files))),
            following=str(offset + len(files)) if has_more else None,
        )

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        url = f"{self._files}/f/{quote(item.id, safe='')}"
        visibility = Visibility.UNLISTED
        answer = self.http.request(
            "GET", url, headers={"Accept": "image/*"}, max_bytes=max_bytes, until=until
        )
        if answer.status in _PRIVATE:
            visibility = Visibility.PRIVATE
            answer = self.http.request(
                "GET", self._signed(url), headers={"Accept": "image/*"}, max_bytes=max_bytes, until=until
            )
        return file_of(answer, now=self.clock.now(), visibility=visibility)

    @property
    def _files(self) -> str:
        return self.files_url or f"https://{self.app_id}.ufs.sh"

    def _signed(self, url: str) -> str:
        expires = int((self.clock.now() + _LINK_LIFETIME).timestamp() * 1000)
        text = f"{url}?expires={expires}"
        signature = hmac.digest(self.api_key.encode(), text.encode(), hashlib.sha256).hex()
        return f"{text}&signature={quote(f'hmac-sha256={signature}', safe='')}"

    def _item(self, file: Mapping[str, Any]) -> SourceItem | None:
        key, name = text_in(file, "key"), text_in(file, "name")
        if key is None:
            raise not_as_documented()
        if file.get("status") != "Uploaded" or not (name or "").startswith(self.prefix):
            return None
        custom_id, uploaded_ms = text_in(file, "customId"), file.get("uploadedAt")
        created_at = None
        if isinstance(uploaded_ms, int | float) and 0 <= uploaded_ms <= _LATEST_MS:
            created_at = _EPOCH + timedelta(milliseconds=uploaded_ms)
        names = [f"/f/{each}" for each in (key, custom_id) if each is not None]
        return SourceItem(
            id=key,
            url=f"{self._files}/f/{quote(key, safe='')}",
            paths=tuple(names),
            size_bytes=size_in(file, "size"),
            created_at=created_at,
            filename=name,
            metadata={"custom_id": custom_id} if custom_id is not None else {},
            visibility=Visibility.PRIVATE,
        )
