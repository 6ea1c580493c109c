"""Links to buckets in memory, where the adapter would sign them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from image_store.ports.objects import PresignedPut
    from tests.fakes.object_store import MemoryBucket


class MemoryPresigner:
    """Presigner whose links tests can read; `sign` gets the S3 action, bucket and key of each."""

    def __init__(self, buckets: Mapping[str, MemoryBucket], *, sign: Callable[[str, str, str], None]) -> None:
        self._buckets = buckets
        self._sign = sign

    def read(
        self, bucket: str, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        self._sign("s3:GetObject", bucket, key)
        return self._buckets[bucket].presigned_read(key, filename=filename, method=method)

    def put(
        self, bucket: str, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        self._sign("s3:PutObject", bucket, key)
        return self._buckets[bucket].presigned_put(
            key, content_type=content_type, size_bytes=size_bytes, sha256=sha256, expires_in=expires_in
        )
