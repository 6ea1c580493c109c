"""Tries what a store of bytes can do, by a few objects below `doctor/` in the private bucket, which it deletes again.

The functions do without some of this, and then the result is a warning. Without the rest they would lose images.
docs/byte-stores.md has the same list.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation, is_refused
from image_store_cli.errors import Broken, CommandError, NotFound, NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_store_cli.doctor.results import CheckResults

COPY_CONDITIONS = {
    "r2": "cf-copy-destination-if-none-match",
    "s3": "if-none-match",
    "seaweedfs": "if-none-match",
    "compatible": None,
}
"""The header by which a store of each kind is asked not to copy over an object; None: it is not asked to copy."""
TRANSFORMS = "transforms/"
UNUSABLE = "This store cannot be used: it would replace images. docs/byte-stores.md names stores that can."
COPY_MEND = "Deploy with ByteStore=compatible: copies then pass through the functions."
CHECKSUM_MEND = (
    "Nothing has to be done: the functions check the bytes of a direct upload when it is completed."
)
DELETE_MEND = "Nothing has to be done: the functions then delete objects one by one."
LIST_MEND = "This store cannot be used: cleanup lists it in parts. docs/byte-stores.md names stores that can."
LIFECYCLE_MEND = (
    "Let the store delete what is below transforms/ after 30 days, as docs/deploying.md describes (step 1)."
)
_PRECONDITION_FAILED = frozenset({409, 412})
_BAD_REQUEST = frozenset({400})
_WRITTEN, _OTHER = b"written by image-store doctor", b"other bytes of the same size!"


class StoreTrial:
    """Tries one bucket with the keys of the functions."""

    def __init__(self, findings: CheckResults, client: Any, *, bucket: str, kind: str) -> None:
        self._findings = findings
        self._client = client
        self._bucket = bucket
        self._kind = kind
        self._folder = f"doctor/{uuid.uuid4().hex}/"

    def run(self) -> None:
        """Try everything; the objects are deleted even after an error or an interruption."""
        keys = [f"{self._folder}{name}" for name in ("a", "b", "c")]
        try:
            self._try("conditional put", UNUSABLE, lambda: self._put_twice(keys[0]))
            if not self._findings.is_wrong("conditional put"):
                self._try("conditional copy", COPY_MEND, lambda: self._copy(keys[0], keys[1]))
                self._checksums(keys[2])
                self._try("list of objects", LIST_MEND, lambda: self._list(keys))
        finally:
            self._delete(keys)
        self._lifecycle()

    def _try(self, check: str, mend: str, attempt: Callable[[], str]) -> None:
        with self._findings.checking(check, mend):
            self._findings.ok(check, attempt())

    def _put_twice(self, key: str) -> str:
        self._call("put_object", Key=key, Body=_WRITTEN, IfNoneMatch="*")
        if not self._refuses(_PRECONDITION_FAILED, "put_object", Key=key, Body=_OTHER, IfNoneMatch="*"):
            raise Broken("A PUT with `If-None-Match: *` replaced an object.")
        if self._call("get_object", Key=key)["Body"].read() != _WRITTEN:
            raise Broken("A PUT that was refused changed the object all the same.")
        return "an object is never replaced"

    def _copy(self, key: str, target: str) -> str:
        self._call("put_object", Key=target, Body=_OTHER, IfNoneMatch="*")
        header = COPY_CONDITIONS.get(self._kind)
        if header is None:
            return "not needed: copies pass through the functions"
        source = {"CopySource": {"Bucket": self._bucket, "Key": key}}
        if not self._refuses_copy(header, Key=target, **source):
            raise Broken(f"A copy with `{header}: *` replaced an object.")
        other = f'"{hashlib.md5(_OTHER, usedforsecurity=False).hexdigest()}"'
        if not self._refuses_copy(header, Key=f"{target}-2", CopySourceIfMatch=other, **source):
            self._call("delete_object", Key=f"{target}-2")
            raise Broken("A copy of an object with another ETag than the one named was made.")
        return f"`{header}` and the ETag of the source are respected"

    def _checksums(self, key: str) -> None:
        sha256 = base64.b64encode(hashlib.sha256(_OTHER).digest()).decode()
        with self._findings.checking("checksums", CHECKSUM_MEND):
            if self._refuses(_BAD_REQUEST, "put_object", Key=key, Body=_WRITTEN, ChecksumSHA256=sha256):
                self._findings.ok("checksums", "bytes that do not match their SHA-256 are refused")
            else:
                self._findings.warn(
                    "checksums", "bytes that do not match their SHA-256 are stored", CHECKSUM_MEND
                )
            self._call("put_object", Key=key, Body=_WRITTEN)

    def _list(self, keys: list[str]) -> str:
        page = self._call("list_objects_v2", Prefix=self._folder, StartAfter=keys[0])
        if [entry["Key"] for entry in page.get("Contents", [])] != keys[1:]:
            raise Broken("A list that begins after a key is not what follows that key.")
        return "it can begin after a key"

    def _delete(self, keys: list[str]) -> None:
        request = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        try:
            left = self._call("delete_objects", Delete=request).get("Errors", [])
        except CommandError as refused:
            self._findings.warn("batch delete", refused.message, DELETE_MEND)
        else:
            if not left:
                self._findings.ok("batch delete", "several objects can be deleted at once")
                return
            self._findings.warn("batch delete", f"{left[0].get('Code')} for an object", DELETE_MEND)
        with self._findings.checking("delete of objects", f"Delete by hand what is below {self._folder}."):
            for key in keys:
                self._call("delete_object", Key=key)

    def _lifecycle(self) -> None:
        try:
            rules = self._call("get_bucket_lifecycle_configuration").get("Rules", [])
        except NotFound:
            rules = []
        except (NotSignedIn, CommandError) as refused:
            self._findings.skip("lifecycle", f"the rules could not be read: {refused.message}")
            return
        if any(
            TRANSFORMS in (rule.get("Prefix"), rule.get("Filter", {}).get("Prefix"))
            and rule.get("Status") == "Enabled"
            and "Expiration" in rule
            for rule in rules
        ):
            self._findings.ok("lifecycle", "images of signed links expire")
        else:
            self._findings.warn("lifecycle", "no rule deletes images of signed links", LIFECYCLE_MEND)

    def _call(self, operation: str, **request: Any) -> Any:
        return call_operation(self._client, operation, Bucket=self._bucket, **request)

    def _refuses(self, statuses: frozenset[int], operation: str, **request: Any) -> bool:
        return is_refused(self._client, operation, statuses, Bucket=self._bucket, **request)

    def _refuses_copy(self, header: str, **request: Any) -> bool:
        def add_header(params: dict[str, Any], **_: Any) -> None:
            params["headers"][header] = "*"

        events = self._client.meta.events
        events.register("before-call.s3.CopyObject", add_header, unique_id="doctor")
        try:
            return self._refuses(_PRECONDITION_FAILED, "copy_object", **request)
        finally:
            events.unregister("before-call.s3.CopyObject", unique_id="doctor")
