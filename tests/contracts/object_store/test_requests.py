"""The requests that S3Bucket sends, and what becomes of its failures."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.response import StreamingBody
from botocore.session import get_session

from image_store.adapters.objects import S3Bucket, s3_client
from image_store.domain.errors import ConfigurationError, Conflict, PayloadTooLarge, StorageUnavailable
from image_store.domain.images.byte_stores import ByteStore
from image_store.ports.objects import ObjectMissing, ObjectStore
from tests.contracts.object_store.buckets import NOON, put


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


def scripted(kind: ByteStore = ByteStore.R2, **answers: Any) -> tuple[S3Bucket, Scripted]:
    client = Scripted(**answers)
    return S3Bucket("private", client=lambda: client, presigner=None, store=kind), client


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
    answers: dict[str, Any] = {operation: failure}
    store, _ = scripted(**answers)

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

    CALLS["copy_object"](S3Bucket("public", client=lambda: client, presigner=None))

    (request,) = sent
    assert request.headers["cf-copy-destination-if-none-match"] == b"*"
    assert b"cf-copy-destination-if-none-match" in request.headers["Authorization"]


@pytest.mark.parametrize("kind", [ByteStore.S3, ByteStore.SEAWEEDFS])
def test_a_copy_never_replaces_in_the_words_of_s3(kind: ByteStore) -> None:
    client, sent = intercepted("CopyObject", answer=b"<CopyObjectResult/>", kind=kind)

    CALLS["copy_object"](S3Bucket("public", client=lambda: client, presigner=None, store=kind))

    (request,) = sent
    assert request.headers["If-None-Match"] == b"*"
    assert "cf-copy-destination-if-none-match" not in request.headers


def test_a_store_without_conditional_copies_reads_the_source_and_puts_it() -> None:
    answer, _ = body(b"picture", announced=7)
    store, client = scripted(ByteStore.COMPATIBLE, get_object=answer, put_object={})

    store.copy_from("s", "k", "a/b", content_type="t", cache_control="c", metadata={}, source_etag='"e"')

    (read, source), (write, target) = client.asked
    assert (read, source) == ("get_object", {"Bucket": "s", "Key": "k", "IfMatch": '"e"'})
    assert (write, target["Bucket"], target["Key"]) == ("put_object", "private", "a/b")
    assert (target["Body"], target["IfNoneMatch"]) == (b"picture", "*")


def test_a_put_sends_its_bytes_without_asking_first() -> None:
    client, sent = intercepted("PutObject", answer=b"")

    put(S3Bucket("private", client=lambda: client, presigner=None), "a/b", b"picture")

    (request,) = sent
    assert "Expect" not in request.headers
    assert request.body.getvalue() == b"picture"


def intercepted(operation: str, *, answer: bytes, kind: ByteStore = ByteStore.R2) -> tuple[Any, list[Any]]:
    """A client whose calls are answered without a network, and the requests it would have sent."""
    client = s3_client(
        session=get_session(),
        endpoint="https://account.r2.invalid",
        region="auto",
        access_key_id="k",
        secret_access_key="s",
        store=kind,
    )
    sent = []

    def respond(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        raw = io.BytesIO(answer)
        raw.stream = lambda **_: iter([raw.getvalue()])  # type: ignore[attr-defined]  # as urllib3's has
        return AWSResponse(request.url, 200, {}, raw)

    client.meta.events.register(f"before-send.s3.{operation}", respond)
    return client, sent


def existing(data: bytes, *, etag: str) -> dict[str, Any]:
    return {"ETag": etag, "ContentLength": len(data), "LastModified": NOON, "Metadata": {}}


@pytest.mark.parametrize("etag", ['"0123-2"', f'"{"0" * 32}"'], ids=["of parts", "of S3 with a KMS key"])
def test_a_repeated_put_of_an_object_whose_etag_is_no_md5_sum_compares_the_bytes(etag: str) -> None:
    answer, _ = body(b"picture", announced=7)
    head = existing(b"picture", etag=etag)
    store, client = scripted(put_object=refused("PreconditionFailed"), head_object=head, get_object=answer)

    put(store, "a/b", b"picture")

    assert client.asked[-1] == ("get_object", {"Bucket": "private", "Key": "a/b", "IfMatch": etag})


def test_a_put_over_other_bytes_of_the_same_length_is_a_conflict() -> None:
    answer, _ = body(b"another", announced=7)
    head = existing(b"another", etag='"0123-2"')
    store, _ = scripted(put_object=refused("PreconditionFailed"), head_object=head, get_object=answer)

    with pytest.raises(Conflict):
        put(store, "a/b", b"picture")


def test_a_put_over_an_object_of_another_length_is_a_conflict_that_reads_nothing() -> None:
    head = existing(b"pictures", etag='"0123-2"')
    store, client = scripted(put_object=refused("PreconditionFailed"), head_object=head)

    with pytest.raises(Conflict):
        put(store, "a/b", b"picture")

    assert [operation for operation, _ in client.asked] == ["put_object", "head_object"]


def test_a_put_over_an_object_that_is_replaced_while_it_is_compared_may_be_repeated() -> None:
    head = existing(b"another", etag='"0123-2"')
    store, _ = scripted(
        put_object=refused("PreconditionFailed"), head_object=head, get_object=refused("NoSuchKey")
    )

    with pytest.raises(StorageUnavailable):
        put(store, "a/b", b"picture")


@pytest.mark.parametrize("operation", ["put_object", "copy_object"])
def test_a_write_that_aws_asks_to_repeat_is_sent_once_more(operation: str) -> None:
    """409 ConditionalRequestConflict: another conditional write of the key ended at the same moment."""
    store, client = scripted(**{operation: refused("ConditionalRequestConflict")})

    with pytest.raises(StorageUnavailable):
        CALLS[operation](store)

    assert [name for name, _ in client.asked] == [operation, operation]


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


@pytest.mark.parametrize(
    "code", ["NotImplemented", "InvalidRequest", "InvalidArgument", "MissingContentMD5", "BadDigest"]
)
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

    files = store.list("a/")
    assert client.asked == []
    next(files)
    assert len(client.asked) == 1
    next(files)
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

    S3Bucket("private", client=client, presigner=None)


def test_the_client_fails_soon_and_speaks_path_style_to_an_endpoint() -> None:
    client = s3_client(
        session=get_session(),
        endpoint="https://account.r2.example.com",
        region="auto",
        access_key_id="a",
        secret_access_key="b",
    )

    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (2, 10, 32)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert config.s3 == {"addressing_style": "path"}
    assert config.signature_version == "s3v4"
    assert config.request_checksum_calculation == "when_required"
    assert config.response_checksum_validation == "when_required"


def test_one_session_makes_the_clients_of_r2_and_of_s3() -> None:
    """The functions that ingest and clean up speak to both."""
    session = get_session()

    clients = [
        s3_client(
            session=session, endpoint=endpoint, region="us-east-1", access_key_id="a", secret_access_key="b"
        )
        for endpoint in ("https://account.r2.example.com", None)
    ]

    assert len({client.meta.endpoint_url for client in clients}) == 2
