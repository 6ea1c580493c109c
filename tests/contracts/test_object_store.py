"""What every ObjectStore does: the fake of the tests and R2Bucket alike.

Below the contract stand the answers that only a real store gives: failures, and what R2 does not implement.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.response import StreamingBody
from botocore.session import get_session
from moto import mock_aws

from image_store.adapters.presign import Presigner
from image_store.adapters.r2 import R2Bucket, s3_client
from image_store.domain.errors import ConfigurationError, Conflict, PayloadTooLarge, StorageUnavailable
from image_store.ports.objects import ObjectMissing, ObjectStore
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
        held = peers[bucket].objects[key]
        return Headers(held.content_type, held.cache_control, dict(held.metadata))

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
        held = client.head_object(Bucket=bucket, Key=key)
        return Headers(held["ContentType"], held["CacheControl"], held["Metadata"])

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
        held = client.head_object(Bucket=bucket, Key=key)
        return Headers(held["ContentType"], held["CacheControl"], held["Metadata"])

    private, public = (
        R2Bucket(name, client=lambda: client, presigner=presigner) for name in ("private", "public")
    )
    return Buckets(private, public, clock, headers)


@pytest.fixture(params=["memory", "r2 in memory", "moto"])
def buckets(request: pytest.FixtureRequest) -> Iterator[Buckets]:
    if request.param != "moto":
        yield in_memory() if request.param == "memory" else r2_in_memory()
        return
    with mock_aws():
        yield in_moto()


@pytest.fixture
def bucket(buckets: Buckets) -> ObjectStore:
    return buckets.private


def put(store: ObjectStore, key: str, data: bytes = b"picture", **metadata: str) -> None:
    store.put(key, data, content_type="image/png", cache_control="private", metadata=metadata)


def keys_below(store: ObjectStore, prefix: str) -> list[str]:
    return [found.key for found in store.list(prefix)]


# The contract -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"picture", b"", bytes(range(256)) * 5000])
def test_what_was_put_can_be_read(bucket: ObjectStore, data: bytes) -> None:
    put(bucket, "a/b.png", data)

    assert bucket.get("a/b.png", max_bytes=len(data)) == data


@pytest.mark.parametrize("key", ["a b/c+d.png", "a/100%25.png", "日本/ü.png"])
def test_keys_may_hold_any_text(buckets: Buckets, key: str) -> None:
    put(buckets.private, key)
    buckets.public.copy_from(
        "private", key, key, content_type="image/png", cache_control="public", metadata={}
    )

    assert buckets.public.get(key, max_bytes=100) == b"picture"
    assert keys_below(buckets.private, key.split("/")[0] + "/") == [key]


def test_put_keeps_headers_and_metadata(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png", sha256="00ff", owner="alice")

    expected = Headers("image/png", "private", {"sha256": "00ff", "owner": "alice"})
    assert buckets.headers("private", "a/b.png") == expected


def test_the_same_bytes_can_be_put_again(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")
    put(bucket, "a/b.png")

    assert bucket.get("a/b.png", max_bytes=100) == b"picture"


def test_other_bytes_never_replace_an_object(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png", b"picture")

    with pytest.raises(Conflict):
        put(bucket, "a/b.png", b"another")
    assert bucket.get("a/b.png", max_bytes=100) == b"picture"


def test_head_describes_an_object(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png", sha256="00ff")

    found = bucket.head("a/b.png")

    assert found is not None
    assert (found.key, found.size_bytes, found.sha256) == ("a/b.png", 7, "00ff")
    assert found.modified_at.tzinfo is not None


def test_head_knows_no_checksum_that_was_not_given(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")

    found = bucket.head("a/b.png")

    assert found is not None
    assert found.sha256 is None


def test_head_of_nothing_is_none(bucket: ObjectStore) -> None:
    assert bucket.head("a/b.png") is None


def test_reading_nothing_is_missing(bucket: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        bucket.get("a/b.png", max_bytes=100)


def test_more_than_max_bytes_are_refused(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")

    with pytest.raises(PayloadTooLarge):
        bucket.get("a/b.png", max_bytes=6)


def test_a_copy_has_the_bytes_and_only_its_own_headers(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png", sha256="00ff", owner="alice")

    for _ in range(2):
        buckets.public.copy_from(
            "private",
            "a/b.png",
            "p/x.webp",
            content_type="image/webp",
            cache_control="public",
            metadata={"kind": "upload"},
        )

    assert buckets.public.get("p/x.webp", max_bytes=100) == b"picture"
    assert buckets.headers("public", "p/x.webp") == Headers("image/webp", "public", {"kind": "upload"})


def copy(buckets: Buckets, key: str, *, source_etag: str | None = None) -> None:
    buckets.public.copy_from(
        "private",
        key,
        "p/x",
        content_type="image/png",
        cache_control="public",
        metadata={},
        source_etag=source_etag,
    )


def test_copying_nothing_is_missing(buckets: Buckets) -> None:
    with pytest.raises(ObjectMissing):
        copy(buckets, "no")
    assert buckets.public.head("p/x") is None


def test_only_the_object_that_an_etag_names_is_read(buckets: Buckets) -> None:
    put(buckets.private, "a/b.png")
    put(buckets.private, "a/c.png", b"another")
    held, other = buckets.private.head("a/b.png"), buckets.private.head("a/c.png")
    assert held is not None
    assert other is not None

    with pytest.raises(ObjectMissing):
        buckets.private.get("a/b.png", etag=other.etag, max_bytes=100)
    copy(buckets, "a/b.png", source_etag=held.etag)

    assert buckets.public.get("p/x", max_bytes=100) == b"picture"
    assert buckets.private.get("a/b.png", etag=held.etag, max_bytes=100) == b"picture"
    assert [found.etag for found in buckets.private.list("a/")] == [held.etag, other.etag]


@pytest.mark.parametrize(("start", "length"), [(0, 3), (2, 4), (5, 100), (6, 1), (0, 7)])
def test_a_part_is_what_is_asked_for_and_there(bucket: ObjectStore, start: int, length: int) -> None:
    put(bucket, "a/b.png")
    held = bucket.head("a/b.png")
    assert held is not None
    assert held.etag is not None

    part = bucket.get_part("a/b.png", start=start, length=length, etag=held.etag)

    assert part == b"picture"[start : start + length]


def test_a_part_of_another_object_or_of_none_is_missing(bucket: ObjectStore) -> None:
    put(bucket, "a/b.png")
    put(bucket, "a/c.png", b"another")
    other = bucket.head("a/c.png")
    assert other is not None
    assert other.etag is not None

    for key in ("a/b.png", "a/none.png"):
        with pytest.raises(ObjectMissing):
            bucket.get_part(key, start=0, length=3, etag=other.etag)


def test_delete_removes_what_is_there_and_passes_over_what_is_not(bucket: ObjectStore) -> None:
    for name in ("one", "two", "kept"):
        put(bucket, f"a/{name}")

    bucket.delete(["a/one", "a/never", "a/two", "a/one"])
    bucket.delete({"a/one"})
    bucket.delete([])

    assert keys_below(bucket, "a/") == ["a/kept"]


def test_more_than_one_page_and_batch(bucket: ObjectStore) -> None:
    names = [f"a/{number:04}" for number in range(1001)]
    for name in names:
        put(bucket, name, b"")

    assert keys_below(bucket, "a/") == names
    bucket.delete(names)
    assert keys_below(bucket, "a/") == []


def test_list_tells_of_objects_below_the_prefix_alone(bucket: ObjectStore) -> None:
    for key in ("a/1", "a/deeper/2", "ab/3", "b/4"):
        put(bucket, key, sha256="00ff")

    found = list(bucket.list("a/"))

    assert [(each.key, each.size_bytes, each.sha256) for each in found] == [
        ("a/1", 7, None),
        ("a/deeper/2", 7, None),
    ]
    assert all(each.modified_at.tzinfo is not None for each in found)


def test_a_list_goes_on_behind_a_key_and_may_span_the_bucket(bucket: ObjectStore) -> None:
    for key in ("a/1", "a/2", "b/3", "c"):
        put(bucket, key)

    assert [found.key for found in bucket.list("a/", after="a/1")] == ["a/2"]
    assert [found.key for found in bucket.list("", after="a/15")] == ["a/2", "b/3", "c"]
    assert list(bucket.list("", after="c")) == []


@pytest.mark.parametrize("prefix", ["a", "a/b"])
def test_a_prefix_ends_in_a_slash(bucket: ObjectStore, prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        bucket.list(prefix)


def test_objects_can_be_deleted_while_they_are_listed(bucket: ObjectStore) -> None:
    for number in range(5):
        put(bucket, f"a/{number}")

    for found in bucket.list("a/"):
        bucket.delete([found.key])

    assert keys_below(bucket, "a/") == []


def test_links_are_equal_within_a_half_hour_and_differ_after(buckets: Buckets) -> None:
    first = buckets.private.presigned_read("a/b.png")
    buckets.clock.instant = NOON + timedelta(minutes=29)
    same = buckets.private.presigned_read("a/b.png")
    buckets.clock.instant = NOON + timedelta(minutes=30)

    assert first == same
    assert buckets.private.presigned_read("a/b.png") != first


def test_links_differ_by_key_filename_and_bucket(buckets: Buckets) -> None:
    links = {
        buckets.private.presigned_read("a/b.png"),
        buckets.private.presigned_read("a/c.png"),
        buckets.private.presigned_read("a/b.png", filename="кошка 1.png"),
        buckets.public.presigned_read("a/b.png"),
    }

    assert len(links) == 4
    assert all(link.isascii() and " " not in link for link in links)


# R2Bucket alone ---------------------------------------------------------------------------------------


class Scripted:
    """An S3 client that answers what it is told and remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self.asked.append((operation, arguments))
            answer = self._answers[operation]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def deleted_one_by_one(self) -> list[str]:
        return [arguments["Key"] for operation, arguments in self.asked if operation == "delete_object"]


def scripted(**answers: Any) -> tuple[R2Bucket, Scripted]:
    client = Scripted(**answers)
    return R2Bucket("private", client=lambda: client, presigner=None), client


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "put_object": lambda store: put(store, "a/b"),
    "copy_object": lambda store: store.copy_from(
        "s", "k", "a/b", content_type="t", cache_control="c", metadata={}
    ),
    "head_object": lambda store: store.head("a/b"),
    "get_object": lambda store: store.get("a/b", max_bytes=10),
    "delete_objects": lambda store: store.delete(["a/b"]),
    "list_objects_v2": lambda store: list(store.list("a/")),
}


@pytest.mark.parametrize(
    "failure",
    [
        refused("InternalError"),
        refused("SlowDown"),
        refused("AccessDenied"),
        refused("NoSuchBucket"),
        ConnectTimeoutError(endpoint_url="https://r2"),
        EndpointConnectionError(endpoint_url="https://r2"),
    ],
    ids=str,
)
@pytest.mark.parametrize("operation", CALLS)
def test_every_failure_is_storage_unavailable(operation: str, failure: Exception) -> None:
    store, _ = scripted(**{operation: failure})

    with pytest.raises(StorageUnavailable) as raised:
        CALLS[operation](store)

    assert raised.value.__cause__ is failure
    assert raised.value.retry_after == timedelta(seconds=1)


@pytest.mark.parametrize(
    "operation", [name for name in CALLS if name not in ("put_object", "copy_object", "delete_objects")]
)
def test_a_failed_precondition_of_no_write_is_storage_unavailable(operation: str) -> None:
    store, _ = scripted(**{operation: refused("PreconditionFailed")})

    with pytest.raises(StorageUnavailable):
        CALLS[operation](store)


@pytest.mark.parametrize("code", ["NoSuchKey", "404", "NotFound", "NoSuchVersion"])
def test_every_way_to_say_missing(code: str) -> None:
    store, _ = scripted(head_object=refused(code), get_object=refused(code), copy_object=refused(code))

    assert store.head("a/b") is None
    for operation in ("get_object", "copy_object"):
        with pytest.raises(ObjectMissing):
            CALLS[operation](store)


def test_put_never_replaces_and_lets_the_store_check_the_bytes() -> None:
    store, client = scripted(put_object={})

    put(store, "a/b", b"picture")

    [(_, arguments)] = client.asked
    assert arguments["IfNoneMatch"] == "*"
    assert arguments["ContentMD5"] == "VFb8VMdKKXzplJmMKHOzcA=="


def test_a_repeated_copy_that_r2_refuses_counts_as_written() -> None:
    store, client = scripted(copy_object=refused("PreconditionFailed"))

    CALLS["copy_object"](store)

    assert [operation for operation, _ in client.asked] == ["copy_object"]


def test_a_copy_of_an_object_that_is_no_longer_the_one_named_is_missing() -> None:
    # The answer of R2 and S3; moto and the emulator know no conditional copy.
    store, client = scripted(copy_object=refused("PreconditionFailed"), head_object=refused("404"))

    with pytest.raises(ObjectMissing):
        store.copy_from("s", "k", "a/b", content_type="t", cache_control="c", metadata={}, source_etag='"e"')

    assert client.asked[0][1]["CopySourceIfMatch"] == '"e"'


def test_a_copy_never_replaces_in_the_words_of_r2() -> None:
    client, sent = intercepted("CopyObject", answer=b"<CopyObjectResult/>")

    CALLS["copy_object"](R2Bucket("public", client=lambda: client, presigner=None))

    (request,) = sent
    assert request.headers["cf-copy-destination-if-none-match"] == b"*"
    assert b"cf-copy-destination-if-none-match" in request.headers["Authorization"]


def test_a_put_sends_its_bytes_without_asking_first() -> None:
    client, sent = intercepted("PutObject", answer=b"")

    put(R2Bucket("private", client=lambda: client, presigner=None), "a/b", b"picture")

    (request,) = sent
    assert "Expect" not in request.headers
    assert request.body.getvalue() == b"picture"


def intercepted(operation: str, *, answer: bytes) -> tuple[Any, list[Any]]:
    """A client of R2 whose calls are answered without a network, and the requests it would have sent."""
    client = s3_client(
        session=get_session(),
        endpoint="https://account.r2.invalid",
        region="auto",
        access_key_id="k",
        secret_access_key="s",
    )
    sent = []

    def respond(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        raw = io.BytesIO(answer)
        raw.stream = lambda **_: iter([raw.getvalue()])  # type: ignore[attr-defined]  # as urllib3's has
        return AWSResponse(request.url, 200, {}, raw)

    client.meta.events.register(f"before-send.s3.{operation}", respond)
    return client, sent


def existing(data: bytes, *, etag: str, sha256: str | None = None) -> dict[str, Any]:
    metadata = {} if sha256 is None else {"sha256": sha256}
    return {"ETag": etag, "ContentLength": len(data), "LastModified": NOON, "Metadata": metadata}


def test_a_repeated_put_of_an_object_without_an_md5_etag_compares_checksum_and_size() -> None:
    sha256 = hashlib.sha256(b"picture").hexdigest()
    held = existing(b"picture", etag='"0123-2"', sha256=sha256)
    store, _ = scripted(put_object=refused("PreconditionFailed"), head_object=held)

    put(store, "a/b", b"picture")

    with pytest.raises(Conflict):
        put(store, "a/b", b"another")


@pytest.mark.parametrize("sha256", [None, "00ff"])
def test_a_put_over_an_object_of_unknown_bytes_is_a_conflict(sha256: str | None) -> None:
    held = existing(b"picture", etag='"0123-2"', sha256=sha256)
    store, _ = scripted(put_object=refused("PreconditionFailed"), head_object=held)

    with pytest.raises(Conflict):
        put(store, "a/b", b"picture")


def test_a_put_over_an_object_that_vanishes_may_be_repeated() -> None:
    store, _ = scripted(put_object=refused("PreconditionFailed"), head_object=refused("404"))

    with pytest.raises(StorageUnavailable):
        put(store, "a/b", b"picture")


def body(data: bytes, *, announced: int) -> tuple[dict[str, Any], io.BytesIO]:
    raw = io.BytesIO(data)
    return {"ContentLength": announced, "Body": StreamingBody(raw, announced)}, raw


def test_too_large_an_object_is_refused_before_it_is_read() -> None:
    answer, raw = body(b"picture", announced=7)
    store, _ = scripted(get_object=answer)

    with pytest.raises(PayloadTooLarge):
        store.get("a/b", max_bytes=6)
    assert raw.closed


class Endless(io.RawIOBase):
    """A body that has as many bytes as one asks for, and remembers how many that were."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def read(self, size: int = -1, /) -> bytes:
        self.asked.append(size)
        return b"x" * size


def test_a_body_larger_than_announced_is_not_read_to_its_end() -> None:
    endless = Endless()
    store, _ = scripted(get_object={"ContentLength": 5, "Body": endless})

    with pytest.raises(PayloadTooLarge):
        store.get("a/b", max_bytes=10)
    assert endless.asked == [11]


def test_a_body_cut_short_is_storage_unavailable() -> None:
    answer, _ = body(b"pict", announced=7)
    store, _ = scripted(get_object=answer)

    with pytest.raises(StorageUnavailable):
        store.get("a/b", max_bytes=10)


@pytest.mark.parametrize(("sent", "announced"), [(b"pic", 4), (b"picture", 7)])
def test_a_part_of_another_length_than_announced_or_asked_for_is_storage_unavailable(
    sent: bytes, announced: int
) -> None:
    answer, _ = body(sent, announced=announced)
    store, _ = scripted(get_object=answer)

    with pytest.raises(StorageUnavailable):
        store.get_part("a/b", start=0, length=4, etag='"e"')


def test_a_version_is_asked_for_by_name() -> None:
    answer, _ = body(b"picture", announced=7)
    store, client = scripted(get_object=answer)

    store.get("a/b", version="v1", max_bytes=10)

    assert client.asked == [("get_object", {"Bucket": "private", "Key": "a/b", "VersionId": "v1"})]


@pytest.mark.parametrize("code", ["NotImplemented", "InvalidRequest", "MissingContentMD5", "BadDigest"])
def test_without_batch_deletes_keys_are_deleted_one_by_one(code: str) -> None:
    store, client = scripted(delete_objects=refused(code), delete_object={})

    store.delete(["a/1", "a/2"])

    assert client.deleted_one_by_one() == ["a/1", "a/2"]


def test_keys_that_a_batch_did_not_delete_are_deleted_one_by_one() -> None:
    errors = {"Errors": [{"Key": "a/2", "Code": "InternalError"}]}
    store, client = scripted(delete_objects=errors, delete_object={})

    store.delete(["a/1", "a/2", "a/3"])

    assert client.deleted_one_by_one() == ["a/2"]


def test_a_batch_error_without_a_key_makes_every_key_be_deleted_again() -> None:
    store, client = scripted(delete_objects={"Errors": [{"Code": "InternalError"}]}, delete_object={})

    store.delete(["a/1", "a/2"])

    assert client.deleted_one_by_one() == ["a/1", "a/2"]


def test_a_key_gone_before_its_single_delete_counts_as_deleted() -> None:
    store, client = scripted(delete_objects=refused("NotImplemented"), delete_object=refused("NoSuchKey"))

    store.delete(["a/1"])

    assert client.deleted_one_by_one() == ["a/1"]


def test_a_single_delete_that_fails_is_storage_unavailable() -> None:
    store, _ = scripted(delete_objects=refused("NotImplemented"), delete_object=refused("InternalError"))

    with pytest.raises(StorageUnavailable):
        store.delete(["a/1"])


def test_batches_hold_at_most_a_thousand_keys() -> None:
    store, client = scripted(delete_objects={})

    store.delete([f"a/{number}" for number in range(2001)])

    sizes = [len(arguments["Delete"]["Objects"]) for _, arguments in client.asked]
    assert sizes == [1000, 1000, 1]
    assert all(arguments["Delete"]["Quiet"] for _, arguments in client.asked)


def test_pages_are_read_as_they_are_consumed() -> None:
    one = {"Key": "a/1", "Size": 1, "LastModified": NOON, "ETag": '"e"'}
    page = {"Contents": [one], "NextContinuationToken": "t"}
    store, client = scripted(list_objects_v2=page)

    found = store.list("a/")
    assert client.asked == []
    next(found)
    assert len(client.asked) == 1
    next(found)
    assert client.asked[1][1]["ContinuationToken"] == "t"


def test_a_bucket_without_a_presigner_gives_out_no_links() -> None:
    store, _ = scripted()

    with pytest.raises(ConfigurationError):
        store.presigned_read("a/b")
    with pytest.raises(ConfigurationError):
        store.presigned_put(
            "a/b", content_type="image/png", size_bytes=1, sha256="00", expires_in=timedelta(minutes=1)
        )


def test_making_a_bucket_makes_no_client() -> None:
    def client() -> Any:
        pytest.fail("A client was made.")

    R2Bucket("private", client=client, presigner=None)


def test_the_client_fails_soon_and_speaks_path_style_to_an_endpoint() -> None:
    made = s3_client(
        session=get_session(),
        endpoint="https://account.r2.example.com",
        region="auto",
        access_key_id="a",
        secret_access_key="b",
    )

    config = made.meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (2, 10, 32)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert config.s3 == {"addressing_style": "path"}
    assert config.signature_version == "s3v4"
    assert config.request_checksum_calculation == "when_required"
    assert config.response_checksum_validation == "when_required"


def test_one_session_makes_the_clients_of_r2_and_of_s3() -> None:
    """The functions that ingest and clean up speak to both."""
    session = get_session()

    made = [
        s3_client(
            session=session, endpoint=endpoint, region="us-east-1", access_key_id="a", secret_access_key="b"
        )
        for endpoint in ("https://account.r2.example.com", None)
    ]

    assert len({client.meta.endpoint_url for client in made}) == 2
