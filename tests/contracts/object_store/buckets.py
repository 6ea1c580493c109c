"""Buckets of the fake, of MemoryS3 and of moto, with a clock that is set."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.session import get_session

from image_store.adapters.presign import Presigner
from image_store.adapters.r2 import R2Bucket, s3_client
from image_store.ports.objects import ObjectStore
from tests.fakes.object_store import MemoryBucket
from tests.fakes.s3_client import MemoryS3

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEYS = ("testing", "testing")


class SetClock:
    def __init__(self, instant: datetime = NOON) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


@dataclass(frozen=True)
class Headers:
    content_type: str
    cache_control: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Buckets:
    """Two buckets of one kind, their clock, and a way to see the headers of an object."""

    private: ObjectStore
    public: ObjectStore
    clock: SetClock
    headers: Callable[[str, str], Headers]


def in_memory() -> Buckets:
    clock = SetClock()
    peers: dict[str, MemoryBucket] = {}
    for name in ("private", "public"):
        peers[name] = MemoryBucket(name, clock=clock, peers=peers)

    def headers(bucket: str, key: str) -> Headers:
        file = peers[bucket].objects[key]
        return Headers(file.content_type, file.cache_control, dict(file.metadata))

    return Buckets(peers["private"], peers["public"], clock, headers)


def r2_in_memory() -> Buckets:
    """What the fault matrix runs on."""
    clock = SetClock()
    peers: dict[str, MemoryBucket] = {}
    for name in ("private", "public"):
        peers[name] = MemoryBucket(name, clock=clock, peers=peers)
    client = MemoryS3(peers)
    presigner = Presigner(
        endpoint="https://s3.example.com", region="auto", credentials=lambda: KEYS, clock=clock
    )

    def headers(bucket: str, key: str) -> Headers:
        file = client.head_object(Bucket=bucket, Key=key)
        return Headers(file["ContentType"], file["CacheControl"], file["Metadata"])

    private, public = (
        R2Bucket(name, client=lambda: client, presigner=presigner) for name in ("private", "public")
    )
    return Buckets(private, public, clock, headers)


def in_moto() -> Buckets:
    clock = SetClock()
    client = s3_client(
        session=get_session(),
        endpoint=None,
        region="us-east-1",
        access_key_id=KEYS[0],
        secret_access_key=KEYS[1],
    )
    presigner = Presigner(
        endpoint="https://s3.example.com", region="auto", credentials=lambda: KEYS, clock=clock
    )
    for name in ("private", "public"):
        client.create_bucket(Bucket=name)

    def headers(bucket: str, key: str) -> Headers:
        file = client.head_object(Bucket=bucket, Key=key)
        return Headers(file["ContentType"], file["CacheControl"], file["Metadata"])

    private, public = (
        R2Bucket(name, client=lambda: client, presigner=presigner) for name in ("private", "public")
    )
    return Buckets(private, public, clock, headers)


def put(store: ObjectStore, key: str, data: bytes = b"picture", **metadata: str) -> None:
    store.put(key, data, content_type="image/png", cache_control="private", metadata=metadata)


def keys_below(store: ObjectStore, prefix: str) -> list[str]:
    return [file.key for file in store.list(prefix)]
