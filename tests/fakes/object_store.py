"""A bucket in memory."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

from image_store.domain.errors import Conflict, PayloadTooLarge
from image_store.domain.images.ingest import DroppedObject, ObjectVersion, VersionPage, VersionPosition
from image_store.ports.images import VersionedBucket
from image_store.ports.objects import ObjectMissing, ObjectStore, PresignedPut, StoredObject
from image_store.ports.system import Clock


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An object with its bytes and headers."""

    data: bytes
    content_type: str
    cache_control: str
    modified_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        """As S3 gives it to an object that was put in one piece."""
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'


class MemoryBucket(ObjectStore):
    """ObjectStore in memory; `objects` is there for tests to look at, `peers` are the buckets copies come from."""

    def __init__(self, name: str, *, clock: Clock, peers: dict[str, "MemoryBucket"]) -> None:
        self.name = name
        self.objects: dict[str, StoredFile] = {}
        self._clock = clock
        self._peers = peers

    def before_change(self, change: str) -> None:
        """Called before a `put`, a `copy` or a `delete`."""

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        self.before_change("put")
        stored_file = self.objects.get(key)
        if stored_file is None:
            self._add(key, StoredFile(data, content_type, cache_control, self._clock.now(), dict(metadata)))
        elif stored_file.data != data:
            raise Conflict("Another request wrote the same object at the same moment.")

    def copy_from(
        self,
        source_bucket: str,
        source_key: str,
        key: str,
        *,
        content_type: str,
        cache_control: str,
        metadata: Mapping[str, str],
        source_etag: str | None = None,
    ) -> None:
        self.before_change("copy")
        source = self if source_bucket == self.name else self._peers[source_bucket]
        file = source.objects.get(source_key)
        if file is None or source_etag not in {None, file.etag}:
            raise ObjectMissing
        if key not in self.objects:
            now = self._clock.now()
            self._add(key, StoredFile(file.data, content_type, cache_control, now, dict(metadata)))

    def _add(self, key: str, file: StoredFile) -> None:
        self.objects[key] = file

    def head(self, key: str) -> StoredObject | None:
        file = self.objects.get(key)
        if file is None:
            return None
        return StoredObject(key, len(file.data), file.modified_at, file.etag, dict(file.metadata))

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        file = self.objects.get(key)
        if file is None or etag not in {None, file.etag}:
            raise ObjectMissing
        if len(file.data) > max_bytes:
            raise PayloadTooLarge(f"The object has more than {max_bytes} bytes.")
        return file.data

    def get_part(self, key: str, *, start: int, length: int, etag: str) -> bytes:
        file = self.objects.get(key)
        if file is None or etag != file.etag:
            raise ObjectMissing
        return file.data[start : start + length]

    def delete(self, keys: Collection[str]) -> None:
        self.before_change("delete")
        for key in keys:
            self.objects.pop(key, None)

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        if prefix and not prefix.endswith("/"):
            raise ValueError("A prefix ends in '/'.")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > (after or ""))
        return (
            StoredObject(key, len(file.data), file.modified_at, file.etag)
            for key in keys
            if (file := self.objects.get(key)) is not None
        )

    def presigned_read(
        self, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        now = self._clock.now()
        half_hour = now.replace(minute=now.minute - now.minute % 30, second=0, microsecond=0)
        name = "" if filename is None else f"filename={quote(filename, safe='')}&"
        query = f"{name}method={method}&signed={half_hour:%Y%m%dT%H%M%SZ}"
        return f"https://{self.name}.invalid/{quote(key, safe='/~')}?{query}"

    def presigned_put(
        self, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        ends = self._clock.now() + expires_in
        query = f"size={size_bytes}&sha256={sha256}&ends={ends:%Y%m%dT%H%M%SZ}"
        url = f"https://{self.name}.invalid/{quote(key, safe='/~')}?{query}"
        return PresignedPut(url, {"Content-Type": content_type, "If-None-Match": "*"})


class MemoryIngestBucket(MemoryBucket, VersionedBucket):
    """A bucket in memory that keeps every version; `drop` puts one, and answers what its event would tell."""

    def __init__(self, name: str, *, clock: Clock, page: int = 1_000) -> None:
        super().__init__(name, clock=clock, peers={})
        self._page = page
        self._dropped = 0
        self._versions: dict[tuple[str, str], tuple[ObjectVersion, bytes]] = {}

    def drop(self, key: str, data: bytes) -> DroppedObject:
        """Put an object as a new version of its key."""
        self._dropped += 1
        dropped = DroppedObject(self.name, key, f"v{self._dropped}", len(data))
        self._versions[key, dropped.version or ""] = (ObjectVersion(dropped, self._clock.now()), data)
        return dropped

    def expire(self, dropped: DroppedObject) -> None:
        """Take a version away."""
        del self._versions[dropped.key, dropped.version or ""]

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        if (key, version or "") not in self._versions:
            return super().get(key, version=version, etag=etag, max_bytes=max_bytes)
        _, data = self._versions[key, version or ""]
        if len(data) > max_bytes:
            raise PayloadTooLarge(f"The object has more than {max_bytes} bytes.")
        return data

    def bytes_of(self, key: str, version: str) -> bytes | None:
        """What a version holds; None when it is gone."""
        version_file = self._versions.get((key, version))
        return None if version_file is None else version_file[1]

    def versions(self, prefix: str, *, after: VersionPosition | None) -> VersionPage:
        begin = (after.key, after.version) if after is not None else ("", "")
        names = sorted(name for name in self._versions if name[0].startswith(prefix) and name > begin)
        page = names[: self._page]
        more = len(names) > len(page)
        return VersionPage(
            tuple(self._versions[name][0] for name in page), VersionPosition(*page[-1]) if more else None
        )
