"""What the doctor sees behind the API, of an account that a test plays (F3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from image_store_cli.aws import ByteStore, Stack
from image_store_cli.doctor.account import check_account
from image_store_cli.doctor.results import CheckResults
from image_store_cli.errors import CommandError, NotFound, NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS = {
    "signing": {"current": "k1", "k1": "hush"},
    "store/r2": {"access_key_id": "hush", "secret_access_key": "hush"},
    "store/backup": {"access_key_id": "hush", "secret_access_key": "hush"},
}
INDEXES = [{"IndexName": name, "IndexStatus": "ACTIVE"} for name in ("by_owner", "due")]


class Storage:
    """R2, which opens its buckets or does not."""

    def __init__(self, refusal: str | None) -> None:
        self._refusal = refusal

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        """One page of a bucket."""
        if self._refusal:
            answer: Any = {"Error": {"Code": self._refusal}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(answer, "ListObjectsV2")
        return {}

    def get_bucket_lifecycle_configuration(self, **_: Any) -> dict[str, Any]:
        """The rules of a bucket that has none."""
        return {}


class Played:
    """An account whose answers a test changes; by operation, or by the id of a secret."""

    def __init__(self, changed: Mapping[str, Any], refusal: str | None = None) -> None:
        self.stack = Stack(
            name="store",
            status="CREATE_COMPLETE",
            parameters={"PrivateBucket": "private", "PublicBucket": "public", "BackupStore": "backup"},
            outputs={"TableName": "table", "WorkQueueUrl": "work", "WorkDeadLetterQueueUrl": "dead"},
            resources={"SigningSecret": "signing"},
        )
        self._answers = {
            "describe_table": {"Table": {"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": INDEXES}},
            "work": 0,
            "dead": 0,
            "get_bucket_notification_configuration": {"QueueConfigurations": [{}]},
            **{name: json.dumps(value) for name, value in SECRETS.items()},
            **changed,
        }
        self._refusal = refusal

    def client(self, _: str, **__: Any) -> Storage:
        """A client of R2."""
        return Storage(self._refusal)

    def call(self, _: str, operation: str, **request: Any) -> Any:
        """The answer to a call."""
        given = self._answers[request.get("SecretId") or request.get("QueueUrl") or operation]
        if isinstance(given, CommandError):
            raise given
        if "SecretId" in request:
            return {"SecretString": given}
        return {"Attributes": {"ApproximateNumberOfMessages": str(given)}} if "QueueUrl" in request else given


def looked_at(account: Any) -> dict[str, str]:
    """How each part is, of those that are not well."""
    findings = CheckResults(lambda _: None)
    check_account(findings, account, tries_store=False)
    assert "hush" not in repr(findings.all)
    return {finding.name: str(finding.status) for finding in findings.all if finding.status != "ok"}


def test_a_healthy_account_is_reported_as_healthy() -> None:
    assert looked_at(Played({})) == {}


@pytest.mark.parametrize(
    ("changed", "findings"),
    [
        ({"describe_table": NotFound("none")}, {"table": "wrong"}),
        ({"describe_table": {"Table": {"TableStatus": "ACTIVE"}}}, {"indexes": "wrong"}),
        (
            {"describe_table": {"Table": {"TableStatus": "UPDATING", "GlobalSecondaryIndexes": INDEXES}}},
            {"table": "warning"},
        ),
        ({"dead": 2}, {"dead letters": "warning"}),
        ({"work": 2}, {}),
        ({"work": NotFound("none")}, {"queues": "wrong"}),
        ({"get_bucket_notification_configuration": {}}, {"ingest bucket": "wrong"}),
        ({"signing": json.dumps({"current": "k2", "k1": "hush"})}, {"signing secret": "wrong"}),
        ({"store/r2": NotFound("none")}, {"store secret": "wrong"}),
        ({"store/r2": NotSignedIn("denied")}, {"store secret": "skipped"}),
        ({"store/r2": "hush"}, {"store secret": "wrong"}),
        ({"store/r2": json.dumps({"access_key_id": "hush"})}, {"store secret": "wrong"}),
        ({"store/backup": NotFound("none")}, {"backup secret": "wrong"}),
    ],
)
def test_problems_behind_the_api_are_named(changed: dict[str, Any], findings: dict[str, str]) -> None:
    assert looked_at(Played(changed)) == findings


def test_keys_that_open_no_bucket_are_reported_for_each_bucket() -> None:
    assert looked_at(Played({}, "AccessDenied")) == {
        "private bucket": "wrong",
        "public bucket": "wrong",
        "backup store": "wrong",
    }


@pytest.mark.parametrize(
    ("parameters", "private", "public"),
    [
        (
            {"R2AccountId": "account"},
            ByteStore("r2", "https://account.r2.cloudflarestorage.com", "auto", "store/r2"),
            None,
        ),
        ({"ByteStore": "s3", "R2Region": "auto"}, ByteStore("s3", None, None, None), None),
        (
            {"ByteStore": "s3", "R2Region": "eu-west-1", "R2SecretName": "keys"},
            ByteStore("s3", None, "eu-west-1", "keys"),
            None,
        ),
        (
            {"ByteStore": "compatible", "R2Endpoint": "https://s3.example.com", "PublicByteStore": "s3"},
            ByteStore("compatible", "https://s3.example.com", "auto", "store/r2"),
            ByteStore("s3", None, None, None),
        ),
        (
            {"ByteStore": "s3", "PublicByteStore": "r2", "PublicStoreEndpoint": "https://r2.example.com"},
            ByteStore("s3", None, None, None),
            ByteStore("r2", "https://r2.example.com", "auto", "store/public-store"),
        ),
    ],
)
def test_stores_follow_from_the_parameters_as_in_the_template(
    parameters: dict[str, str], private: ByteStore, public: ByteStore | None
) -> None:
    stack = Stack(name="store", status="", parameters=parameters, outputs={}, resources={})

    assert (stack.private_store, stack.public_store) == (private, public or private)


def test_a_store_that_roles_reach_needs_no_secret() -> None:
    account = Played({"store/r2": NotFound("none")})
    account.stack.parameters["ByteStore"] = "s3"

    assert looked_at(account) == {"store secret": "skipped"}
