"""A client of S3 in memory, as R2 and S3 answer it: for adapters that are to run on buckets that tests look into.

It knows the operations and parameters that the store uses and refuses all others, as Python does.
"""

from __future__ import annotations

import base64
import hashlib
import io
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from image_store.domain.images.ingest import VersionPosition
from tests.fakes.object_store import MemoryIngestBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.object_store import MemoryBucket, StoredFile

type Answer = dict[str, Any]

PAGE_KEYS = 1_000


class MemoryS3:
    """The client; `buckets` are where things lie. Its calls wait for each other."""

    def __init__(self, buckets: Mapping[str, MemoryBucket]) -> None:
        self._buckets = buckets
        self._lock = Lock()

    def __getattr__(self, operation: str) -> Callable[..., Answer]:
        method = _OPERATIONS[operation]

        def call(*, Bucket: str, **request: Any) -> Answer:
            with self._lock:
                return method(self, self._buckets[Bucket], **request)

        return call

    def _put(
        self,
        bucket: MemoryBucket,
        *,
        Key: str,
        Body: bytes,
        ContentMD5: str,
        ContentType: str,
        CacheControl: str,
        Metadata: dict[str, str],
        IfNoneMatch: str,
    ) -> Answer:
        assert IfNoneMatch == "*"
        if base64.b64decode(ContentMD5) != hashlib.md5(Body, usedforsecurity=False).digest():
            raise _error("PutObject", "BadDigest", 400)
        if Key in bucket.objects:
            raise _error("PutObject", "PreconditionFailed", 412)
        bucket.put(Key, Body, content_type=ContentType, cache_control=CacheControl, metadata=Metadata)
        return {}

    def _copy(
        self,
        bucket: MemoryBucket,
        *,
        Key: str,
        CopySource: dict[str, str],
        MetadataDirective: str,
        ContentType: str,
        CacheControl: str,
        Metadata: dict[str, str],
        CopySourceIfMatch: str | None = None,
        IfNoneMatch: str = "*",
    ) -> Answer:
        assert (MetadataDirective, IfNoneMatch) == ("REPLACE", "*")
        file = self._buckets[CopySource["Bucket"]].objects.get(CopySource["Key"])
        if file is None:
            raise _error("CopyObject", "NoSuchKey", 404)
        if CopySourceIfMatch not in {None, file.etag} or Key in bucket.objects:
            raise _error("CopyObject", "PreconditionFailed", 412)
        bucket.copy_from(
            CopySource["Bucket"],
            CopySource["Key"],
            Key,
            content_type=ContentType,
            cache_control=CacheControl,
            metadata=Metadata,
        )
        return {}

    def _head(self, bucket: MemoryBucket, *, Key: str) -> Answer:
        file = bucket.objects.get(Key)
        if file is None:
            raise _error("HeadObject", "404", 404)
        return _described(file)

    def _get(
        self,
        bucket: MemoryBucket,
        *,
        Key: str,
        VersionId: str | None = None,
        IfMatch: str | None = None,
        Range: str | None = None,
    ) -> Answer:
        if VersionId is not None:
            assert isinstance(bucket, MemoryIngestBucket)
            data = bucket.bytes_of(Key, VersionId)
            if data is None:
                raise _error("GetObject", "NoSuchVersion", 404)
            return {"ContentLength": len(data), "Body": io.BytesIO(data)}
        file = bucket.objects.get(Key)
        if file is None:
            raise _error("GetObject", "NoSuchKey", 404)
        if IfMatch not in {None, file.etag}:
            raise _error("GetObject", "PreconditionFailed", 412)
        data = file.data
        if Range is not None:
            first, _, last = Range.removeprefix("bytes=").partition("-")
            data = data[int(first) : int(last) + 1]
        return _described(file) | {"ContentLength": len(data), "Body": io.BytesIO(data)}

    def _delete(self, bucket: MemoryBucket, *, Key: str) -> Answer:
        bucket.delete([Key])
        return {}

    def _delete_many(self, bucket: MemoryBucket, *, Delete: dict[str, Any]) -> Answer:
        bucket.delete([each["Key"] for each in Delete["Objects"]])
        return {}

    def _list(
        self, bucket: MemoryBucket, *, Prefix: str, StartAfter: str = "", ContinuationToken: str = ""
    ) -> Answer:
        behind = ContinuationToken or StartAfter
        keys = sorted(key for key in bucket.objects if key.startswith(Prefix) and key > behind)
        page = keys[:PAGE_KEYS]
        more = {"NextContinuationToken": page[-1]} if len(keys) > len(page) else {}
        contents = [
            {"Key": key, "Size": len(file.data), "LastModified": file.modified_at, "ETag": file.etag}
            for key in page
            if (file := bucket.objects[key])
        ]
        return {"Contents": contents, **more}

    def _versions(
        self, bucket: MemoryBucket, *, Prefix: str, KeyMarker: str = "", VersionIdMarker: str = ""
    ) -> Answer:
        assert isinstance(bucket, MemoryIngestBucket)
        page = bucket.versions(
            Prefix, after=VersionPosition(KeyMarker, VersionIdMarker) if KeyMarker else None
        )
        more = page.resume_after
        return {
            "Versions": [
                {
                    "Key": each.dropped.key,
                    "VersionId": each.dropped.version,
                    "Size": each.dropped.size_bytes,
                    "LastModified": each.modified_at,
                }
                for each in page.versions
            ],
            "IsTruncated": more is not None,
            **({"NextKeyMarker": more.key, "NextVersionIdMarker": more.version} if more is not None else {}),
        }


_OPERATIONS: dict[str, Callable[..., Answer]] = {
    "copy_object": MemoryS3._copy,  # noqa: SLF001 - this module's own
    "delete_object": MemoryS3._delete,  # noqa: SLF001 - as above
    "delete_objects": MemoryS3._delete_many,  # noqa: SLF001 - as above
    "get_object": MemoryS3._get,  # noqa: SLF001 - as above
    "head_object": MemoryS3._head,  # noqa: SLF001 - as above
    "list_object_versions": MemoryS3._versions,  # noqa: SLF001 - as above
    "list_objects_v2": MemoryS3._list,  # noqa: SLF001 - as above
    "put_object": MemoryS3._put,  # noqa: SLF001 - as above
}


def _described(file: StoredFile) -> Answer:
    return {
        "ContentLength": len(file.data),
        "LastModified": file.modified_at,
        "ETag": file.etag,
        "ContentType": file.content_type,
        "CacheControl": file.cache_control,
        "Metadata": dict(file.metadata),
    }


def _error(operation: str, code: str, status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, operation)
