"""The versions of objects in the ingest bucket, which is in S3 itself."""

from collections.abc import Callable
from typing import Any

from image_store.adapters.objects import translate_errors
from image_store.domain.images.ingest import DroppedObject, ObjectVersion, VersionPage, VersionPosition
from image_store.ports.images import VersionedBucket


class S3Versions(VersionedBucket):
    """VersionedBucket on a bucket of S3; `client` returns the same client at each call."""

    def __init__(self, bucket: str, *, client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._client = client

    def versions(self, prefix: str, *, after: VersionPosition | None) -> VersionPage:
        position = {} if after is None else {"KeyMarker": after.key, "VersionIdMarker": after.version}
        with translate_errors():
            page = self._client().list_object_versions(Bucket=self._bucket, Prefix=prefix, **position)
        versions = tuple(
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
            return VersionPage(versions, None)
        return VersionPage(versions, VersionPosition(page["NextKeyMarker"], page["NextVersionIdMarker"]))
