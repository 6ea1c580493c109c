"""What every VersionedBucket does: the fake of the tests and S3Versions alike (A15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.session import get_session
from moto import mock_aws

from image_store.adapters.objects import s3_client
from image_store.adapters.s3_versions import S3Versions
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.ingest import DroppedObject
from tests.fakes.clock import SetClock
from tests.fakes.object_store import MemoryIngestBucket
from tests.fakes.s3_client import MemoryS3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from image_store.ports.images import VersionedBucket

PAGE = 3


@dataclass(frozen=True)
class Bucket:
    """A bucket with pages of three, and a way to drop an object."""

    versions: VersionedBucket
    drop: Callable[[str, bytes], DroppedObject]


class SmallPages:
    """A client that lists three versions a page; all else it does as it is asked."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def list_object_versions(self, **request: Any) -> Any:
        return self._client.list_object_versions(**request, MaxKeys=PAGE)


def in_moto() -> Bucket:
    client = s3_client(
        session=get_session(),
        endpoint=None,
        region="us-east-1",
        access_key_id="testing",
        secret_access_key="testing",
    )
    client.create_bucket(Bucket="ingest")
    client.put_bucket_versioning(Bucket="ingest", VersioningConfiguration={"Status": "Enabled"})

    def drop(key: str, data: bytes) -> DroppedObject:
        version = client.put_object(Bucket="ingest", Key=key, Body=data)["VersionId"]
        return DroppedObject("ingest", key, version, len(data))

    return Bucket(S3Versions("ingest", client=lambda: SmallPages(client)), drop)


@pytest.fixture(params=["memory", "s3 in memory", "moto"])
def bucket(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    if request.param != "moto":
        fake = MemoryIngestBucket("ingest", clock=SetClock(), page=PAGE)
        client = MemoryS3({"ingest": fake})
        yield Bucket(
            fake if request.param == "memory" else S3Versions("ingest", client=lambda: client), fake.drop
        )
        return
    with mock_aws():
        yield in_moto()


def pages_of(bucket: Bucket, prefix: str = "ingest/") -> list[list[DroppedObject]]:
    """The pages of a list."""
    pages, after = [], None
    while True:
        page = bucket.versions.versions(prefix, after=after)
        pages.append([version.dropped for version in page.versions])
        after = page.resume_after
        if after is None:
            return pages


def test_every_version_of_every_key_is_listed_once_page_by_page(bucket: Bucket) -> None:
    keys = ["ingest/a/1.png", "ingest/a/1.png", "ingest/a/ключ +%25.png", "ingest/b/1.png", "ingest/b/2.png"]
    dropped = [bucket.drop(key, b"x" * number) for number, key in enumerate(keys, 1)]

    pages = pages_of(bucket)

    assert [len(page) for page in pages] == [3, 2]
    assert {one for page in pages for one in page} == set(dropped)
    assert [one.key for page in pages for one in page] == sorted(keys)


def test_objects_outside_the_prefix_are_not_listed(bucket: Bucket) -> None:
    bucket.drop("other/a.png", b"x")

    assert pages_of(bucket) == [[]]


def test_versions_have_their_time(bucket: Bucket) -> None:
    bucket.drop("ingest/a/1.png", b"x")

    (version,) = bucket.versions.versions("ingest/", after=None).versions

    assert version.modified_at.tzinfo is not None
    assert version.modified_at <= datetime.now(UTC)


def test_markers_of_deletions_are_not_versions() -> None:
    with mock_aws():
        bucket = in_moto()
        dropped = bucket.drop("ingest/a/1.png", b"x")
        client = s3_client(
            session=get_session(),
            endpoint=None,
            region="us-east-1",
            access_key_id="testing",
            secret_access_key="testing",
        )
        client.delete_object(Bucket="ingest", Key=dropped.key)

        assert pages_of(bucket) == [[dropped]]


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectVersions"),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
    ids=str,
)
def test_every_failure_is_storage_unavailable(failure: Exception) -> None:
    class Failing:
        def list_object_versions(self, **_: Any) -> Any:
            raise failure

    with pytest.raises(StorageUnavailable):
        S3Versions("ingest", client=Failing).versions("ingest/", after=None)
