"""What the doctor finds of a store of backups, in a bucket that a test plays (F8)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from image_store_cli.aws import ByteStore, Stack
from image_store_cli.doctor.backup_store import check_backup_store
from image_store_cli.doctor.results import CheckResults


def refusal(operation: str, status: int, code: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class BackupBucket:
    """A bucket with rules that a test chooses; a careless one replaces objects whatever the condition says."""

    def __init__(self, *rules: dict[str, Any], is_careless: bool = False, denied: str = "") -> None:
        self.objects: dict[str, bytes] = {}
        self._rules = rules
        self._is_careless = is_careless
        self._denied = denied

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name == self._denied:
            return self._deny
        return super().__getattribute__(name)

    def _deny(self, **_: Any) -> Any:
        raise refusal(self._denied, 403, "AccessDenied")

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        """A page of the bucket."""
        return {}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803 - boto3's names
        """Put an object that is not there."""
        if Key in self.objects and not self._is_careless:
            raise refusal("PutObject", 412, "PreconditionFailed")
        self.objects[Key] = Body

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - as above
        """Read an object."""
        return {"Body": BytesIO(self.objects[Key])}

    def delete_object(self, *, Key: str, **_: Any) -> None:  # noqa: N803 - as above
        """Delete an object."""
        del self.objects[Key]

    def get_bucket_lifecycle_configuration(self, **_: Any) -> dict[str, Any]:
        """The rules."""
        if not self._rules:
            raise refusal("GetBucketLifecycleConfiguration", 404, "NoSuchLifecycleConfiguration")
        return {"Rules": list(self._rules)}


def results_of(bucket: BackupBucket, *, tries_store: bool = True) -> dict[str, str]:
    findings = CheckResults(lambda _: None)
    check_backup_store(findings, bucket, bucket="backup", stack="store", tries_store=tries_store)
    return {finding.name: str(finding.status) for finding in findings.all}


def rule(**values: Any) -> dict[str, Any]:
    return {"Status": "Enabled", "Expiration": {"Days": 30}} | values


def test_a_good_bucket_is_tried_and_left_as_it_was() -> None:
    bucket = BackupBucket()

    assert results_of(bucket) == {"backup store": "ok", "backup writes": "ok", "backup lifecycle": "ok"}
    assert bucket.objects == {}


def test_a_read_only_check_writes_nothing() -> None:
    bucket = BackupBucket(denied="put_object")

    assert results_of(bucket, tries_store=False) == {"backup store": "ok", "backup lifecycle": "ok"}


@pytest.mark.parametrize(
    ("bucket", "wrong"),
    [
        (BackupBucket(denied="list_objects_v2"), ["backup store"]),
        (BackupBucket(denied="put_object"), ["backup writes"]),
        (BackupBucket(denied="get_object"), ["backup writes"]),
        (BackupBucket(denied="delete_object"), ["backup writes"]),
        (BackupBucket(is_careless=True), ["backup writes"]),
        (BackupBucket(rule()), ["backup lifecycle"]),
        (BackupBucket(rule(Prefix="")), ["backup lifecycle"]),
        (BackupBucket(rule(Filter={"Prefix": "store/objects/"})), ["backup lifecycle"]),
        (BackupBucket(rule(Filter={"And": {"Prefix": "sto", "Tags": []}})), ["backup lifecycle"]),
        (BackupBucket(rule(Filter={"Prefix": "another/"})), []),
        (BackupBucket(rule(Status="Disabled")), []),
        (BackupBucket(rule(Expiration={"ExpiredObjectDeleteMarker": True})), []),
        (
            BackupBucket({"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}),
            [],
        ),
    ],
)
def test_what_would_lose_backups_is_wrong(bucket: BackupBucket, wrong: list[str]) -> None:
    assert [name for name, status in results_of(bucket).items() if status == "wrong"] == wrong


def test_rules_that_cannot_be_read_are_skipped() -> None:
    bucket = BackupBucket(denied="get_bucket_lifecycle_configuration")

    assert results_of(bucket)["backup lifecycle"] == "skipped"


@pytest.mark.parametrize(
    ("parameters", "store"),
    [
        ({}, ByteStore("compatible", None, "auto", "store/backup")),
        (
            {"BackupEndpoint": "https://s3.example.com", "BackupRegion": "eu-1", "BackupSecretName": "keys"},
            ByteStore("compatible", "https://s3.example.com", "eu-1", "keys"),
        ),
    ],
)
def test_the_store_of_backups_follows_from_the_parameters(
    parameters: dict[str, str], store: ByteStore
) -> None:
    stack = Stack(name="store", status="", parameters=parameters, outputs={}, resources={})

    assert stack.backup_store == store
