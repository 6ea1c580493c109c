"""The versions of objects in a bucket of S3 itself: where others drop images."""

from collections.abc import Callable
from typing import Any

from image_store.adapters.r2 import translate_errors
from image_store.domain.images.ingest import DroppedObject, ObjectVersion, VersionPage, VersionPosition
from image_store.ports.images import VersionedBucket


class S3Versions(VersionedBucket):
    """VersionedBucket on a bucket of S3 itself; the client is made at the first call, and whoever makes it keeps it."""

    def __init__(self, bucket: str, *, client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._client = client

    def versions(self, prefix: str, *, after: VersionPosition | None) -> VersionPage:
        following = {} if after is None else {"KeyMarker": after.key, "VersionIdMarker": after.version}
        with translate_errors():
            page = self._client().list_object_versions(Bucket=self._bucket, Prefix=prefix, **following)
        found = tuple(
            ObjectVersion(
                DroppedObject(
                    bucket=self._bucket,
                    key=version["Key"],
                    version=None if version["VersionId"] == "null" else version["VersionId"],
                    size_bytes=version["Size"],
                ),
                modified_at=version["LastModified"],
            )
            for version in page.get("Versions", [])
        )
        if not page["IsTruncated"]:
            return VersionPage(found, None)
        return VersionPage(found, VersionPosition(page["NextKeyMarker"], page["NextVersionIdMarker"]))
