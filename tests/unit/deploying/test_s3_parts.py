"""A deployment at AWS S3: buckets in the right region and account, never public, with rules beside those of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from image_store_cli.aws import Account, error_of
from image_store_cli.deploying.s3_parts import S3Parts
from image_store_cli.deploying.store_file import S3Settings, parse
from image_store_cli.errors import UsageError
from image_store_cli.settings.command_settings import AwsAccess
from tests.unit.deploying.store import API, described, make

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE, PUBLIC = "image-store-private", "image-store-public"


class OwningAccount(Account):
    """An account that refuses an owner who is not the bucket's, as S3 documents it; moto does not look."""

    id = "123456789012"
    strangers: frozenset[str] = frozenset()
    """Buckets of another account, which let everybody do everything."""

    def call(self, service: str, operation: str, **request: Any) -> Any:
        expected, bucket = request.pop("ExpectedBucketOwner", None), request.get("Bucket")
        owner = "210987654321" if bucket in self.strangers else self.id
        if expected not in {None, owner}:
            refused = ClientError(
                {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, operation
            )
            raise error_of(refused) from refused
        return super().call(service, operation, **request)


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    """An account without anything in it."""
    with mock_aws():
        yield


def parts_in(region: str = "eu-central-1") -> S3Parts:
    """The parts of a deployment with a public bucket."""
    values = described(region=region, s3={"public_bucket": PUBLIC, "public_url": "https://cdn.example.com"})
    del values["r2"]
    store = parse(values, Path("store.toml"))
    access = AwsAccess(stack=store.stack, region=region, access_key="AKIA", secret_key="s")
    assert isinstance(store.place, S3Settings)
    return S3Parts(store, OwningAccount(access), store.place, OwningAccount.id, API)


def call(parts: S3Parts, operation: str, bucket: str = PRIVATE, **request: Any) -> Any:
    """Call S3."""
    return parts.account.call("s3", operation, Bucket=bucket, **request)


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_a_first_run_makes_both_buckets_and_a_second_one_nothing(region: str) -> None:
    parts = parts_in(region)

    first, second = make(parts), make(parts)

    assert len(first) == 5
    assert second == []
    for bucket in (PRIVATE, PUBLIC):
        blocked = call(parts, "get_public_access_block", bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}
        assert call(parts, "get_bucket_location", bucket)["LocationConstraint"] == (
            None if region == "us-east-1" else region
        )
    read, upload = call(parts, "get_bucket_cors")["CORSRules"]
    assert read["AllowedOrigins"] == ["*"]
    assert upload["AllowedOrigins"] == [API, "https://app.example.com"]
    assert [rule["ID"] for rule in call(parts, "get_bucket_lifecycle_configuration")["Rules"]] == [
        "transforms",
        "image-store-uploads",
    ]


def test_a_bucket_in_another_region_is_refused() -> None:
    make(parts_in("eu-central-1"))

    with pytest.raises(UsageError, match="is in eu-central-1, and the stack is in us-east-1"):
        make(parts_in("us-east-1"))


def test_a_bucket_of_another_account_is_refused_even_if_everybody_may_use_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make(parts_in())
    monkeypatch.setattr(OwningAccount, "strangers", frozenset({PRIVATE}))

    with pytest.raises(UsageError, match=f"{PRIVATE} exists and is not yours"):
        make(parts_in())


def test_rules_of_others_stay_and_public_access_is_blocked_again() -> None:
    parts = parts_in()
    make(parts)
    other = {"ID": "theirs", "AllowedOrigins": ["https://other.example"], "AllowedMethods": ["GET"]}
    call(parts, "put_bucket_cors", CORSConfiguration={"CORSRules": [other]})
    call(parts, "delete_public_access_block")

    changes = make(parts)

    assert changes[0] == f"{PRIVATE} blocks public access"
    assert [rule["ID"] for rule in call(parts, "get_bucket_cors")["CORSRules"]] == [
        "theirs",
        "image-store-read",
        "image-store-upload",
    ]
    assert make(parts) == []
