"""What only a server can show: presigned links by real requests, and copies between two stores."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from image_store.adapters.objects import S3Bucket
from image_store.adapters.presign import Presigner
from image_store.ports.objects import ObjectMissing
from tests.contracts.object_store.buckets import SetClock, put
from tests.contracts.object_store.servers import KEYS, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from image_store.ports.objects import PresignedPut
    from tests.contracts.object_store.servers import S3Server

pytestmark = pytest.mark.loopback

DATA = b"picture"
MINUTE = timedelta(minutes=1)


class RealClock:
    """The time that a server compares a link with."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


def private_bucket(server: S3Server, clock: SetClock | RealClock | None = None) -> S3Bucket:
    presigner = Presigner(
        endpoint=server.endpoint, region=REGION, credentials=lambda: KEYS, clock=clock or RealClock()
    )
    return S3Bucket("private", client=lambda: server.client, presigner=presigner, store=server.kind)


def ticket(bucket: S3Bucket, key: str = "staging/a", *, size_bytes: int = len(DATA)) -> PresignedPut:
    sha256 = hashlib.sha256(DATA).hexdigest()
    return bucket.presigned_put(
        key, content_type="image/png", size_bytes=size_bytes, sha256=sha256, expires_in=MINUTE
    )


def test_a_presigned_put_stores_exactly_the_bytes_it_names_and_once(
    server: S3Server, http: httpx.Client
) -> None:
    bucket = private_bucket(server)
    put_link = ticket(bucket)

    damaged = http.put(put_link.url, content=b"damaged", headers=put_link.headers)
    stored = http.put(put_link.url, content=DATA, headers=put_link.headers)
    again = http.put(put_link.url, content=DATA, headers=put_link.headers)

    assert (damaged.status_code, stored.status_code, again.status_code) == (400, 200, 412)
    assert bucket.get("staging/a", max_bytes=100) == DATA


@pytest.mark.parametrize("omitted", ["Content-Type", "If-None-Match", "x-amz-checksum-sha256"])
def test_a_presigned_put_without_one_of_its_headers_is_refused(
    omitted: str, server: S3Server, http: httpx.Client
) -> None:
    put_link = ticket(private_bucket(server))
    headers = {name: value for name, value in put_link.headers.items() if name != omitted}

    answer = http.put(put_link.url, content=DATA, headers=headers)

    assert answer.status_code == 403
    assert private_bucket(server).head("staging/a") is None


def test_a_presigned_put_of_another_size_or_after_its_time_is_refused(
    server: S3Server, http: httpx.Client
) -> None:
    other_size = ticket(private_bucket(server), size_bytes=len(DATA) + 1)
    expired = ticket(private_bucket(server, SetClock(datetime.now(UTC) - 2 * MINUTE)))

    for put_link in (other_size, expired):
        assert http.put(put_link.url, content=DATA, headers=put_link.headers).status_code == 403
    assert private_bucket(server).head("staging/a") is None


def test_a_presigned_link_reads_one_object_with_one_method(server: S3Server, http: httpx.Client) -> None:
    bucket = private_bucket(server)
    put(bucket, "a/ü b.png", DATA)
    put(bucket, "a/c.png", b"another")

    link = bucket.presigned_read("a/ü b.png", filename="кошка 1.png")
    read = http.get(link)
    head = http.head(bucket.presigned_read("a/ü b.png", method="HEAD"))
    misused = http.get(bucket.presigned_read("a/c.png").replace("/c.png", "/d.png"))

    assert (read.status_code, read.content, head.status_code) == (200, DATA, 200)
    assert read.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''")
    assert misused.status_code in {403, 404}


def test_a_copy_between_two_stores_passes_through_this_process(
    seaweedfs_server: S3Server, ministack_server: S3Server
) -> None:
    private = private_bucket(seaweedfs_server)
    public = S3Bucket(
        "public",
        client=lambda: ministack_server.client,
        presigner=None,
        store=ministack_server.kind,
        elsewhere=lambda _: private,
    )
    put(private, "a/b.webp", DATA, owner="alice")

    for _ in range(2):
        public.copy_from(
            "private", "a/b.webp", "p/x.webp", content_type="image/webp", cache_control="public", metadata={}
        )
    with pytest.raises(ObjectMissing):
        public.copy_from(
            "private", "a/no", "p/y", content_type="image/webp", cache_control="public", metadata={}
        )

    described = ministack_server.client.head_object(Bucket="public", Key="p/x.webp")
    assert public.get("p/x.webp", max_bytes=100) == DATA
    assert (described["ContentType"], described["CacheControl"]) == ("image/webp", "public")
    assert described["Metadata"] == {}
    assert public.head("p/y") is None
    ministack_server.empty()
    seaweedfs_server.empty()
