"""The local R2: its buckets, the store of backups among them, and one key pair that can access only them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.settings import BACKUP_BUCKET, PRIVATE_BUCKET, PUBLIC_BUCKET, R2_SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.emulator import Emulator

R2_USER = "r2"
BUCKETS = (PRIVATE_BUCKET, PUBLIC_BUCKET, BACKUP_BUCKET)
# The permissions of an R2 API token for "Object Read & Write" on selected buckets.
OBJECT_ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:ListBucketMultipartUploads",
]
# As in docs/deploying.md for the real buckets: browsers upload to and read from presigned URLs.
CORS = {
    "CORSRules": [
        {
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["GET", "HEAD", "PUT"],
            "AllowedHeaders": ["content-type", "content-md5", "if-none-match", "x-amz-checksum-sha256"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3600,
        }
    ]
}

# Also as in docs/deploying.md: transforms of signed links are made again on the next request.
LIFECYCLE = {
    "Rules": [
        {
            "ID": "transforms",
            "Status": "Enabled",
            "Filter": {"Prefix": "transforms/"},
            "Expiration": {"Days": 30},
        }
    ]
}


def prepare_r2(emulator: Emulator) -> None:
    """Create what is missing: the buckets, the R2 user with its key pair, and the secret with this key pair."""
    storage = emulator.client("s3")
    present = {bucket["Name"] for bucket in storage.list_buckets()["Buckets"]}
    for bucket in BUCKETS:
        if bucket not in present:
            storage.create_bucket(Bucket=bucket)
    for bucket in (PRIVATE_BUCKET, PUBLIC_BUCKET):
        storage.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    storage.put_bucket_lifecycle_configuration(Bucket=PRIVATE_BUCKET, LifecycleConfiguration=LIFECYCLE)
    users, secrets = emulator.client("iam"), emulator.client("secretsmanager")
    if not has_working_key(users, secrets):
        keep_secret(secrets, R2_SECRET, make_key(users))


def has_working_key(users: Any, secrets: Any) -> bool:
    """Return whether the secret has a key pair that still belongs to the R2 user."""
    try:
        key_pair = json.loads(secrets.get_secret_value(SecretId=R2_SECRET)["SecretString"])
        keys = users.list_access_keys(UserName=R2_USER)["AccessKeyMetadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] in {"ResourceNotFoundException", "NoSuchEntity"}:
            return False
        raise
    return key_pair.get("access_key_id") in {key["AccessKeyId"] for key in keys}


def make_key(users: Any) -> dict[str, str]:
    """Create a key pair of the R2 user, delete its older ones, and return it in the form of the secret."""
    try:
        users.create_user(UserName=R2_USER)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
    arns = [f"arn:aws:s3:::{bucket}{suffix}" for bucket in BUCKETS for suffix in ("", "/*")]
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": OBJECT_ACTIONS, "Resource": arns}],
    }
    users.put_user_policy(UserName=R2_USER, PolicyName="buckets", PolicyDocument=json.dumps(policy))
    for old in users.list_access_keys(UserName=R2_USER)["AccessKeyMetadata"]:
        users.delete_access_key(UserName=R2_USER, AccessKeyId=old["AccessKeyId"])
    key = users.create_access_key(UserName=R2_USER)["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


def keep_secret(secrets: Any, name: str, members: Mapping[str, str]) -> None:
    """Create or replace a secret that the functions read."""
    text = json.dumps(dict(members))
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceExistsException":
            raise
        secrets.put_secret_value(SecretId=name, SecretString=text)
