"""Reads images from a bucket of Supabase Storage.

Lists by `POST /object/list-v2/{bucket}`, which knows no folders, and reads the stored bytes at
`GET /object/authenticated/{bucket}/{name}`. Projects whose Storage is too old for it answer `FeatureNotEnabled` and are
listed by `POST /object/list/{bucket}`, folder by folder. Storage answers errors with status 400 and the real status in
the body. (https://github.com/supabase/storage)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from image_store.adapters.importing.answers import (
    MAX_LIST_BYTES,
    check_status,
    json_of,
    list_of,
    not_as_documented,
    object_in,
    objects_in,
    size_in,
    text_in,
    time_in,
)
from image_store.adapters.remote.source_http import SourceAnswer, SourceHttp
from image_store.domain.errors import SourceUnreadable
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import FetchedFile, ItemPage, SourceItem
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource

_MOST = 1_000
_MOST_BY_FOLDER = 100
_DEEPEST = 32
"""Folders inside each other."""
_FOLDER_MARK = ".emptyFolderPlaceholder"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupabaseSource(ImportSource):
    """ImportSource on one bucket; a prefix is one of the names in it."""

    http: SourceHttp
    clock: Clock
    url: str
    bucket: str
    key: str
    """A secret key (`sb_secret_…`), or a legacy service_role key."""
    prefix: str = ""
    calls_a_second: float | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        return ("supabase", self.url, self.bucket)

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        place = json.loads(cursor) if cursor is not None else {"public": self._is_public(until)}
        if "folders" not in place:
            page = self._recursive_page(place, limit=limit, until=until)
            if page is not None:
                return page
            place |= {"folders": [[self.prefix.rpartition("/")[0], 0]]}
        return self._folder_page(place, limit=limit, until=until)

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        url = f"{self._base}/object/authenticated/{quote(self.bucket, safe='')}/{quote(item.handle or '', safe='/')}"
        answer = self.http.request(
            "GET", url, headers=self._headers | {"Accept": "image/*"}, max_bytes=max_bytes, until=until
        )
        self._check(answer)
        return FetchedFile(data=answer.body, media_type=answer.headers.get("content-type"))

    def _recursive_page(self, place: Mapping[str, Any], *, limit: int, until: datetime) -> ItemPage | None:
        """A page of all names; None if this Storage cannot list so."""
        request: dict[str, Any] = {
            "prefix": self.prefix,
            "limit": min(limit, _MOST),
            "with_delimiter": False,
            "sortBy": {"column": "name", "order": "asc"},
        }
        if place.get("next") is not None:
            request["cursor"] = place["next"]
        answer = self._post(f"/object/list-v2/{quote(self.bucket, safe='')}", request, until)
        if answer.status == 400 and _error(answer).get("error") == "FeatureNotEnabled":
            return None
        self._check(answer)
        body = json_of(answer)
        following = text_in(body, "nextCursor") if body.get("hasNext") is True else None
        return ItemPage(
            items=tuple(
                filter(None, (self._item("", each, place) for each in objects_in(body.get("objects", []))))
            ),
            following=json.dumps({**place, "next": following}) if following is not None else None,
        )

    def _folder_page(self, place: Mapping[str, Any], *, limit: int, until: datetime) -> ItemPage:
        """The next files of the folder that is open; a page ends before each folder inside it."""
        folders = [list(each) for each in place["folders"]]
        folder, offset = folders.pop()
        request = {
            "prefix": folder,
            "limit": min(limit, _MOST_BY_FOLDER),
            "offset": offset,
            "sortBy": {"column": "name", "order": "asc"},
        }
        answer = self._post(f"/object/list/{quote(self.bucket, safe='')}", request, until)
        self._check(answer)
        entries = objects_in(list_of(answer))
        items: list[SourceItem] = []
        for number, entry in enumerate(entries, start=1):
            name = text_in(entry, "name")
            if name is None:
                raise not_as_documented()
            if entry.get("id") is not None:
                item = self._item(f"{folder}/" if folder else "", entry, place)
                if item is not None and (item.handle or "").startswith(self.prefix):
                    items.append(item)
                continue
            if len(folders) + 1 >= _DEEPEST:
                raise SourceUnreadable(f"The bucket has more than {_DEEPEST} folders inside each other.")
            folders += [[folder, offset + number], [f"{folder}/{name}" if folder else name, 0]]
            break
        else:
            if entries:
                folders.append([folder, offset + len(entries)])
        following = json.dumps({**place, "folders": folders}) if folders else None
        return ItemPage(items=tuple(items), following=following)

    def _is_public(self, until: datetime) -> bool:
        url = f"{self._base}/bucket/{quote(self.bucket, safe='')}"
        answer = self.http.request("GET", url, headers=self._headers, max_bytes=MAX_LIST_BYTES, until=until)
        self._check(answer)
        return json_of(answer).get("public") is True

    def _post(self, path: str, request: Mapping[str, Any], until: datetime) -> SourceAnswer:
        return self.http.request(
            "POST",
            f"{self._base}{path}",
            headers=self._headers | {"Content-Type": "application/json"},
            body=json.dumps(request).encode(),
            max_bytes=MAX_LIST_BYTES,
            until=until,
        )

    def _check(self, answer: SourceAnswer) -> None:
        status = answer.status
        if status == 400:
            real = str(_error(answer).get("statusCode", ""))
            status = int(real) if real.isascii() and real.isdecimal() and len(real) == 3 else status
        check_status(status, answer.headers, now=self.clock.now())

    @property
    def _base(self) -> str:
        return f"{self.url}/storage/v1"

    @property
    def _headers(self) -> dict[str, str]:
        # The new keys are no tokens: Storage refuses them in Authorization.
        legacy = {} if self.key.startswith("sb_") else {"Authorization": f"Bearer {self.key}"}
        return {"apikey": self.key, "Accept": "application/json", **legacy}

    def _item(self, folder: str, entry: Mapping[str, Any], place: Mapping[str, Any]) -> SourceItem | None:
        relative = text_in(entry, "name")
        if relative is None:
            raise not_as_documented()
        name = f"{folder}{relative}"
        parent, _, filename = name.rpartition("/")
        if filename == _FOLDER_MARK:
            return None
        facts = object_in(entry, "metadata")
        is_public = place["public"] is True
        path = f"/storage/v1/object/public/{self.bucket}/{name}"
        return SourceItem(
            id=f"{self.bucket}/{name}",
            url=f"{self.url}{quote(path)}" if is_public else None,
            paths=(path,) if is_public else (),
            size_bytes=size_in(facts, "size"),
            media_type=text_in(facts, "mimetype"),
            created_at=time_in(entry, "created_at"),
            filename=filename,
            folder=parent or None,
            visibility=Visibility.UNLISTED if is_public else Visibility.PRIVATE,
            handle=name,
        )


def _error(answer: SourceAnswer) -> dict[str, Any]:
    try:
        return json_of(answer)
    except SourceUnreadable:
        return {}
