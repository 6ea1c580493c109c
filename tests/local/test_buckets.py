"""The R2 side of the local stack, against moto."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from image_store.domain.images.image import TRANSFORMS_PREFIX
from local.buckets import prepare_r2
from local.settings import BACKUP_BUCKET, PRIVATE_BUCKET, PUBLIC_BUCKET, R2_SECRET, REGION

if TYPE_CHECKING:
    from local.emulator import Emulator


class InMoto:
    """Returns clients, as the emulator does."""

    def client(self, service: str) -> Any:
        return boto3.client(
            service, region_name=REGION, aws_access_key_id="made-up", aws_secret_access_key="made-up"
        )

    def kept_key(self) -> dict[str, str]:
        """Return the key pair in the secret."""
        secret = self.client("secretsmanager").get_secret_value(SecretId=R2_SECRET)["SecretString"]
        pair: dict[str, str] = json.loads(secret)
        return pair


@pytest.fixture
def emulator() -> Iterator[InMoto]:
    """An empty account."""
    with mock_aws():
        yield InMoto()


def prepare(emulator: InMoto) -> None:
    """Prepare R2 in the stand-in."""
    prepare_r2(cast("Emulator", emulator))


def test_the_buckets_and_a_key_pair_are_made(emulator: InMoto) -> None:
    prepare(emulator)

    names = {bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]}
    assert names == {PRIVATE_BUCKET, PUBLIC_BUCKET, BACKUP_BUCKET}
    assert set(emulator.kept_key()) == {"access_key_id", "secret_access_key"}


def test_only_transforms_expire_after_thirty_days(emulator: InMoto) -> None:
    prepare(emulator)

    storage = emulator.client("s3")
    [rule] = storage.get_bucket_lifecycle_configuration(Bucket=PRIVATE_BUCKET)["Rules"]
    assert (rule["Filter"], rule["Expiration"]) == ({"Prefix": TRANSFORMS_PREFIX}, {"Days": 30})


def test_the_key_pair_can_access_only_these_buckets(emulator: InMoto) -> None:
    prepare(emulator)

    policy = emulator.client("iam").get_user_policy(UserName="r2", PolicyName="buckets")["PolicyDocument"]
    [statement] = policy["Statement"]
    assert {arn.partition(":::")[2].partition("/")[0] for arn in statement["Resource"]} == {
        PRIVATE_BUCKET,
        PUBLIC_BUCKET,
        BACKUP_BUCKET,
    }
    assert "s3:*" not in statement["Action"]


def test_a_second_start_keeps_the_key_pair(emulator: InMoto) -> None:
    prepare(emulator)
    before = emulator.kept_key()

    prepare(emulator)

    assert emulator.kept_key() == before


def test_a_key_lost_in_a_crash_is_replaced(emulator: InMoto) -> None:
    prepare(emulator)
    lost = emulator.kept_key()["access_key_id"]
    emulator.client("iam").delete_access_key(UserName="r2", AccessKeyId=lost)

    prepare(emulator)

    [key] = emulator.client("iam").list_access_keys(UserName="r2")["AccessKeyMetadata"]
    assert emulator.kept_key()["access_key_id"] == key["AccessKeyId"] != lost


def test_a_secret_lost_in_a_crash_is_created_again(emulator: InMoto) -> None:
    prepare(emulator)
    emulator.client("secretsmanager").delete_secret(SecretId=R2_SECRET, ForceDeleteWithoutRecovery=True)

    prepare(emulator)

    [key] = emulator.client("iam").list_access_keys(UserName="r2")["AccessKeyMetadata"]
    assert emulator.kept_key()["access_key_id"] == key["AccessKeyId"]
