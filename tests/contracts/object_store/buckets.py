"""Buckets of the fake, of MemoryS3, of moto and of servers, with a clock that is set."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from botocore.session import get_session

from image_store.adapters.objects import S3Bucket, s3_client
from image_store.adapters.presign import AccessKeys, Presigner
from image_store.domain.images.byte_stores import ByteStore
from image_store.ports.objects import ObjectStore
from tests.contracts.object_store.servers import S3Server
from tests.fakes.object_store import MemoryBucket
from tests.fakes.s3_client import MemoryS3

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEYS = AccessKeys("testing", "testing")


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
    return _in_memory(ByteStore.R2)


def s3_in_memory() -> Buckets:
    """A client that knows the conditions of AWS S3."""
    return _in_memory(ByteStore.S3)


def _in_memory(kind: ByteStore) -> Buckets:
    clock = SetClock()
    peers: dict[str, MemoryBucket] = {}
    for name in ("private", "public"):
        peers[name] = MemoryBucket(name, clock=clock, peers=peers)
    return _buckets(MemoryS3(peers), kind, clock)


def in_moto() -> Buckets:
    """moto ignores the conditions of a copy, so it is one of those stores where copies are read and put."""
    client = s3_client(
        session=get_session(),
        endpoint=None,
        region="us-east-1",
        access_key_id=KEYS.access_key_id,
        secret_access_key=KEYS.secret_access_key,
        store=ByteStore.COMPATIBLE,
    )
    for name in ("private", "public"):
        client.create_bucket(Bucket=name)
    put, turn = client.put_object, Lock()

    def put_in_turn(**request: Any) -> Any:
        with turn:  # moto compares and writes in two steps
            return put(**request)

    client.put_object = put_in_turn
    return _buckets(client, ByteStore.COMPATIBLE, SetClock())


def on_server(server: S3Server) -> Buckets:
    """The buckets of a running server."""
    return _buckets(server.client, server.kind, SetClock())


def _buckets(client: Any, kind: ByteStore, clock: SetClock) -> Buckets:
    presigner = Presigner(
        endpoint="https://s3.example.com", region="auto", credentials=lambda: KEYS, clock=clock
    )

    def headers(bucket: str, key: str) -> Headers:
        file = client.head_object(Bucket=bucket, Key=key)
        return Headers(file["ContentType"], file["CacheControl"], file["Metadata"])

    private, public = (
        S3Bucket(name, client=lambda: client, presigner=presigner, store=kind)
        for name in ("private", "public")
    )
    return Buckets(private, public, clock, headers)


def put(store: ObjectStore, key: str, data: bytes = b"picture", **metadata: str) -> None:
    store.put(key, data, content_type="image/png", cache_control="private", metadata=metadata)


def keys_below(store: ObjectStore, prefix: str) -> list[str]:
    return [file.key for file in store.list(prefix)]
