"""Reads objects from a bucket of any S3-compatible store, by signed requests (SigV4) to path-style addresses.

Lists by `ListObjectsV2` from the last key on, because tokens of pages may expire, and reads with `If-Match`, so that an
object that was replaced since it was listed is not stored under the date and size of the other.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode
from xml.etree import ElementTree as ET

from image_store.adapters.importing.answers import MAX_LIST_BYTES, check_status, not_as_documented, time_in
from image_store.adapters.remote.source_http import SourceAnswer, SourceHttp
from image_store.domain.errors import SourceUnreadable
from image_store.domain.images.image import Visibility
from image_store.domain.upkeep.importing import FetchedFile, ItemPage, SourceItem
from image_store.ports.system import Clock
from image_store.ports.upkeep import ImportSource

_MOST = 1_000
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_SIZE = re.compile("[0-9]{1,18}")
_USER_METADATA = "x-amz-meta-"
_BUSY_CODES = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Source(ImportSource):
    """ImportSource on a bucket, or on what is below a prefix."""

    http: SourceHttp
    clock: Clock
    endpoint: str
    bucket: str
    region: str
    access_key_id: str
    secret_access_key: str
    prefix: str = ""
    public_url: str = ""
    """The address under which the bucket is public; empty if it is not."""
    calls_a_second: float | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        return ("s3", self.endpoint, self.bucket)

    def page(self, cursor: str | None, *, limit: int, until: datetime) -> ItemPage:
        query = {"encoding-type": "url", "list-type": "2", "max-keys": str(min(limit, _MOST))}
        if self.prefix:
            query["prefix"] = self.prefix
        if cursor is not None:
            query["start-after"] = cursor
        answer = self._get("", query, {}, max_bytes=MAX_LIST_BYTES, until=until)
        root = _xml(answer.body)
        if _name(root) != "ListBucketResult":
            raise not_as_documented()
        facts = _members(root)
        decode = unquote_plus if facts.get("EncodingType") == "url" else str
        entries = [_members(each) for each in root if _name(each) == "Contents"]
        keys = [decode(entry.get("Key", "")) for entry in entries]
        is_truncated = facts.get("IsTruncated") == "true"
        if is_truncated and not keys:
            raise not_as_documented()
        items = tuple(
            item
            for key, entry in zip(keys, entries, strict=True)
            if (item := self._item(key, entry)) is not None
        )
        return ItemPage(items=items, following=keys[-1] if is_truncated else None)

    def fetch(self, item: SourceItem, *, max_bytes: int, until: datetime) -> FetchedFile:
        handle: dict[str, Any] = json.loads(item.handle or "{}")
        condition = {"If-Match": handle["etag"]} if handle.get("etag") else {}
        answer = self._get(handle["key"], {}, condition, max_bytes=max_bytes, until=until)
        metadata = {
            name.removeprefix(_USER_METADATA): value
            for name, value in answer.headers.items()
            if name.startswith(_USER_METADATA)
        }
        return FetchedFile(data=answer.body, media_type=answer.headers.get("content-type"), metadata=metadata)

    def _get(
        self,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        max_bytes: int,
        until: datetime,
    ) -> SourceAnswer:
        path = f"/{quote(self.bucket, safe='~')}" + (f"/{quote(key, safe='/~')}" if key else "")
        url = f"{self.endpoint}{path}" + (f"?{urlencode(query, quote_via=quote, safe='~')}" if query else "")
        answer = self.http.request(
            "GET", url, headers=self._signed(url, headers), max_bytes=max_bytes, until=until
        )
        if answer.status == 412:
            raise SourceUnreadable("The object was replaced since it was listed.")
        if answer.status == 400 and _code(answer) in _BUSY_CODES:
            check_status(503, answer.headers, now=self.clock.now())
        check_status(answer.status, answer.headers, now=self.clock.now())
        return answer

    def _signed(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest("GET", url, headers=dict(headers))
        credentials = Credentials(self.access_key_id, self.secret_access_key)
        S3SigV4Auth(credentials, "s3", self.region).add_auth(request)
        return dict(request.headers.items())

    def _item(self, key: str, entry: Mapping[str, str]) -> SourceItem | None:
        if not key:
            raise not_as_documented()
        if key.endswith("/"):  # consoles create objects that only represent folders
            return None
        folder, _, name = key.rpartition("/")
        size = entry.get("Size", "")
        is_public = bool(self.public_url)
        return SourceItem(
            id=f"{self.bucket}/{key}",
            url=f"{self.public_url}/{quote(key)}" if is_public else None,
            paths=(f"/{key}",),
            size_bytes=int(size) if _SIZE.fullmatch(size) else None,
            created_at=time_in(entry, "LastModified"),
            filename=name,
            folder=folder or None,
            visibility=Visibility.UNLISTED if is_public else Visibility.PRIVATE,
            handle=json.dumps({"key": key, "etag": entry.get("ETag", "")}),
            refusal="The object is archived; restore it first."
            if entry.get("StorageClass") in _ARCHIVED
            else None,
        )


def _xml(body: bytes) -> ET.Element:
    """The root of a document; one with a document type, which could define entities, is refused."""
    try:
        text = body.decode("utf-8")
        if "<!" in text.replace("<![CDATA[", ""):
            raise not_as_documented()
        return ET.fromstring(text)  # noqa: S314 - without a document type there are no entities
    except (ET.ParseError, ValueError):
        raise not_as_documented() from None


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _members(element: ET.Element) -> dict[str, str]:
    return {_name(each): each.text or "" for each in element}


def _code(answer: SourceAnswer) -> str:
    try:
        return _members(_xml(answer.body)).get("Code", "")
    except SourceUnreadable:
        return ""
