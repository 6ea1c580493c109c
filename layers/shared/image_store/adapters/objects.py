"""Objects in R2, S3 and other stores behind S3's API; no other module reads or writes objects.

A write never replaces an object: `put` sends If-None-Match, and a copy its condition in the words of the store. Where
a store knows no such condition, or the source is in another store, a copy is a read and a `put`. If an object with the
same bytes exists already, it counts as written. Every error except "not found" becomes StorageUnavailable.
"""

import base64
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import batched
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from image_store.adapters.byte_stores import CAPABILITIES, CopyCondition
from image_store.adapters.presign import Presigner
from image_store.adapters.trust import share_trust
from image_store.domain.errors import ConfigurationError, Conflict, PayloadTooLarge, StorageUnavailable
from image_store.domain.images.byte_stores import ByteStore
from image_store.ports.objects import ObjectMissing, ObjectStore, PresignedPut, StoredObject

_MISSING = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion"})
_PRECONDITION_FAILED = frozenset({"PreconditionFailed", "412"})
_LOST_RACE = frozenset({"ConditionalRequestConflict"})
"""AWS: another conditional write of the key ended at the same moment, and this one is to be repeated."""
_NO_BATCH_DELETE = frozenset(
    {"NotImplemented", "InvalidRequest", "InvalidArgument", "MissingContentMD5", "BadDigest"}
)
_DELETE_BATCH = 1000
MAX_COPY_BYTES = 100 * 1024 * 1024
"""The largest object that is copied through memory: MaxBytes allows no larger original."""


def s3_client(
    *,
    session: Any,
    endpoint: str | None,
    region: str,
    access_key_id: str | None,
    secret_access_key: str | None,
    store: ByteStore = ByteStore.R2,
) -> Any:
    """Create a client of a store; without keys it uses those of the function's role.

    `session` is a session of botocore, which clients of other services can share.
    """
    from botocore.config import Config

    # Not through boto3: it extends S3 clients only once in a session, and this session has two of them.
    client = session.create_client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"} if endpoint else None,
            connect_timeout=2,
            read_timeout=10,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=32,  # a batch puts the objects of five images in parallel
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent="image-store",  # botocore would build its own twice for each request: a tenth of its work
        ),
    )
    if CAPABILITIES[store].copy_condition is CopyCondition.CLOUDFLARE_HEADER:
        client.meta.events.register("before-call.s3.CopyObject", _copy_write_once)
    client.meta.events.register("before-sign.s3.PutObject", _send_at_once)
    return share_trust(client)


class S3Bucket(ObjectStore):
    """ObjectStore on one bucket; `client` returns the same client at each call.

    `elsewhere` opens the buckets that copies come from, if they are in another store.
    """

    def __init__(
        self,
        bucket: str,
        *,
        client: Callable[[], Any],
        presigner: Presigner | None,
        store: ByteStore = ByteStore.R2,
        elsewhere: Callable[[str], ObjectStore] | None = None,
    ) -> None:
        self._bucket = bucket
        self._client = client
        self._presigner = presigner
        self._store = store
        self._elsewhere = elsewhere

    def put(
        self, key: str, data: bytes, *, content_type: str, cache_control: str, metadata: Mapping[str, str]
    ) -> None:
        md5 = hashlib.md5(data, usedforsecurity=False)
        try:
            self._write(
                "put_object",
                key,
                Body=data,
                ContentMD5=base64.b64encode(md5.digest()).decode(),
                ContentType=content_type,
                CacheControl=cache_control,
                Metadata=dict(metadata),
                IfNoneMatch="*",
            )
        except StorageUnavailable as exc:
            if _code_behind(exc) not in _PRECONDITION_FAILED:
                raise
            if not self._has_bytes(key, data, md5.hexdigest()):
                raise Conflict("Another request wrote the same object at the same moment.") from exc

    def copy_from(
        self,
        source_bucket: str,
        source_key: str,
        key: str,
        *,
        content_type: str,
        cache_control: str,
        metadata: Mapping[str, str],
        source_etag: str | None = None,
    ) -> None:
        copy_condition = CAPABILITIES[self._store].copy_condition
        if copy_condition is None or self._elsewhere is not None:
            source = (
                self._neighbour(source_bucket) if self._elsewhere is None else self._elsewhere(source_bucket)
            )
            data = source.get(source_key, etag=source_etag, max_bytes=MAX_COPY_BYTES)
            self.put(key, data, content_type=content_type, cache_control=cache_control, metadata=metadata)
            return
        conditions = {} if source_etag is None else {"CopySourceIfMatch": source_etag}
        if copy_condition is CopyCondition.IF_NONE_MATCH:  # the client adds R2's own header
            conditions["IfNoneMatch"] = "*"
        try:
            self._write(
                "copy_object",
                key,
                CopySource={"Bucket": source_bucket, "Key": source_key},
                MetadataDirective="REPLACE",
                ContentType=content_type,
                CacheControl=cache_control,
                Metadata=dict(metadata),
                **conditions,
            )
        except StorageUnavailable as exc:
            if _code_behind(exc) not in _PRECONDITION_FAILED:
                raise
            # A key belongs to one attempt or publication, so an object that exists already is this copy.
            if source_etag is not None and self._head(key) is None:
                raise ObjectMissing from exc

    def head(self, key: str) -> StoredObject | None:
        response = self._head(key)
        if response is None:
            return None
        return StoredObject(
            key=key,
            size_bytes=response["ContentLength"],
            modified_at=response["LastModified"],
            etag=response["ETag"],
            metadata=response.get("Metadata", {}),
        )

    def get(self, key: str, *, version: str | None = None, etag: str | None = None, max_bytes: int) -> bytes:
        parameters = {} if version is None else {"VersionId": version}
        if etag is not None:
            parameters["IfMatch"] = etag
        with translate_errors():
            response = self._get(key, parameters)
            with closing(response["Body"]) as body:
                size: int = response["ContentLength"]
                if size > max_bytes:
                    raise _too_large(max_bytes)
                data: bytes = body.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise _too_large(max_bytes)
        if len(data) != size:
            raise _unavailable()
        return data

    def get_part(self, key: str, *, start: int, length: int, etag: str) -> bytes:
        with translate_errors():
            response = self._get(key, {"IfMatch": etag, "Range": f"bytes={start}-{start + length - 1}"})
            with closing(response["Body"]) as body:
                size: int = response["ContentLength"]
                data: bytes = body.read(length + 1)
        if len(data) != size or size > length:
            raise _unavailable()
        return data

    def delete(self, keys: Collection[str]) -> None:
        for batch in batched(dict.fromkeys(keys), _DELETE_BATCH, strict=False):
            for key in self._delete_batch(batch):
                self._delete_one(key)

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        if prefix and not prefix.endswith("/"):
            raise ValueError("A prefix ends in '/'.")
        return self._pages(prefix, after)

    def presigned_read(
        self, key: str, *, filename: str | None = None, method: Literal["GET", "HEAD"] = "GET"
    ) -> str:
        if self._presigner is None:
            raise ConfigurationError("This bucket has no presigned links.")
        return self._presigner.read(self._bucket, key, filename=filename, method=method)

    def presigned_put(
        self, key: str, *, content_type: str, size_bytes: int, sha256: str, expires_in: timedelta
    ) -> PresignedPut:
        if self._presigner is None:
            raise ConfigurationError("This bucket has no presigned links.")
        return self._presigner.put(
            self._bucket,
            key,
            content_type=content_type,
            size_bytes=size_bytes,
            sha256=sha256,
            expires_in=expires_in,
        )

    def _neighbour(self, bucket: str) -> ObjectStore:
        return S3Bucket(bucket, client=self._client, presigner=None, store=self._store)

    def _write(self, operation: str, key: str, **parameters: Any) -> None:
        """Write an object on a condition; AWS asks for one more try after a race."""
        write = getattr(self._client(), operation)
        try:
            with translate_errors():
                write(Bucket=self._bucket, Key=key, **parameters)
        except StorageUnavailable as exc:
            if _code_behind(exc) not in _LOST_RACE:
                raise
            with translate_errors():
                write(Bucket=self._bucket, Key=key, **parameters)

    def _get(self, key: str, parameters: dict[str, str]) -> dict[str, Any]:
        try:
            response: dict[str, Any] = self._client().get_object(Bucket=self._bucket, Key=key, **parameters)
        except ClientError as exc:
            if "IfMatch" in parameters and _code(exc) in _PRECONDITION_FAILED:
                raise ObjectMissing from exc  # the object with this ETag is gone
            raise
        return response

    def _head(self, key: str) -> dict[str, Any] | None:
        try:
            with translate_errors():
                response: dict[str, Any] = self._client().head_object(Bucket=self._bucket, Key=key)
        except ObjectMissing:
            return None
        return response

    def _has_bytes(self, key: str, data: bytes, md5: str) -> bool:
        """Whether an existing object has these bytes."""
        response = self._head(key)
        if response is None:  # deleted meanwhile: nothing was written, and a retry is safe
            raise _unavailable()
        etag = str(response["ETag"])
        if etag.strip('"').lower() == md5:
            return True
        if response["ContentLength"] != len(data):
            return False
        # Not every ETag is an MD5 sum: S3 with KMS keys has others of the same form.
        try:
            return self.get(key, etag=etag, max_bytes=len(data)) == data
        except ObjectMissing as exc:
            raise _unavailable() from exc

    def _delete_batch(self, keys: Sequence[str]) -> Sequence[str]:
        """Delete a batch, and return the keys that must be deleted one by one."""
        request = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        try:
            with translate_errors():
                response = self._client().delete_objects(Bucket=self._bucket, Delete=request)
        except StorageUnavailable as exc:
            if _code_behind(exc) in _NO_BATCH_DELETE:
                return keys
            raise
        failed = {error.get("Key") for error in response.get("Errors", [])}
        return [key for key in keys if key in failed] if failed <= set(keys) else keys

    def _delete_one(self, key: str) -> None:
        try:
            with translate_errors():
                self._client().delete_object(Bucket=self._bucket, Key=key)
        except ObjectMissing:
            return

    def _pages(self, prefix: str, after: str | None) -> Iterator[StoredObject]:
        position = {} if after is None else {"StartAfter": after}
        while True:
            with translate_errors():
                page = self._client().list_objects_v2(Bucket=self._bucket, Prefix=prefix, **position)
            for entry in page.get("Contents", []):
                yield StoredObject(
                    key=entry["Key"],
                    size_bytes=entry["Size"],
                    modified_at=entry["LastModified"],
                    etag=entry["ETag"],
                )
            token = page.get("NextContinuationToken")
            if token is None:
                return
            position = {"ContinuationToken": token}


def _copy_write_once(params: dict[str, Any], **_: Any) -> None:
    """Never copy over an object: R2's own header, which all other stores ignore."""
    params["headers"][CopyCondition.CLOUDFLARE_HEADER.value] = "*"


def _send_at_once(request: Any, **_: Any) -> None:
    """Send the bytes at once; botocore would wait for a `100 Continue` first: another round trip for each put."""
    del request.headers["Expect"]


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate the errors of S3 calls into those of the port."""
    try:
        yield
    except ClientError as exc:
        if _code(exc) in _MISSING:
            raise ObjectMissing from exc
        raise _unavailable() from exc
    except BotoCoreError as exc:
        raise _unavailable() from exc


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _code_behind(error: StorageUnavailable) -> str:
    return _code(error.__cause__) if isinstance(error.__cause__, ClientError) else ""


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The object store failed; try again.", retry_after=timedelta(seconds=1))


def _too_large(max_bytes: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The object has more than {max_bytes} bytes.")
