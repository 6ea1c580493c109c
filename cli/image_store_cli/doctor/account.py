"""Checks stack, table, queues, secrets and buckets with the caller's AWS credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation
from image_store_cli.display.texts import plural
from image_store_cli.doctor.backup_store import check_backup_store
from image_store_cli.doctor.byte_stores import StoreTrial
from image_store_cli.errors import CommandError, NotFound, NotSignedIn, UsageError

if TYPE_CHECKING:
    from image_store_cli.aws import Account, ByteStore, Stack
    from image_store_cli.context import Context
    from image_store_cli.doctor.results import CheckResults

INDEXES = {"by_owner", "due"}
KEY_MEMBERS = ("access_key_id", "secret_access_key")
DEAD_LETTERS_MEND = "docs/operations.md, `Work that failed`, explains how to read them and send them back."
SECRET_MEND = "Write the secret again as docs/deploying.md describes (step 3)."  # noqa: S105 - not a secret
BUCKET_MEND = (
    "Check the bucket's name, the address and region of its store, and that its keys may read, write and list this "
    "bucket: for R2 a token with `Object Read & Write`. Without PublicByteStore both buckets are at one address, so "
    "for R2 in one jurisdiction."
)


def open_account(findings: CheckResults, context: Context) -> Account | None:
    """Open the account with its stack; None, with a reported result, if that fails."""
    if context.settings.aws is None:
        findings.skip(
            "stack",
            "table, queues, secrets and buckets were not checked",
            "Sign in to the AWS account of the stack, and name the stack with --stack, IMAGE_STORE_STACK, or `stack` "
            "in the profile.",
        )
        return None
    try:
        account = context.account
        stack = account.stack
    except UsageError as missing:
        findings.skip("stack", missing.message)
    except NotFound as missing:
        findings.wrong("stack", missing.message, "Check the name and the region of the stack.")
    except CommandError as failed:
        findings.wrong(
            "stack", failed.message, "Sign in to the stack's AWS account; ReadOnlyAccess is enough."
        )
    else:
        _check_stack(findings, stack)
        return account
    return None


def check_account(findings: CheckResults, account: Account, *, tries_store: bool) -> None:
    """Check the resources of the stack; `tries_store` writes a few objects, to see what the store of bytes can do."""
    _check_table(findings, account)
    _check_queues(findings, account)
    _check_ingest(findings, account)
    _check_signing(findings, account)
    _check_stores(findings, account, tries_store=tries_store)
    _check_backup(findings, account, tries_store=tries_store)


def _check_stack(findings: CheckResults, stack: Stack) -> None:
    if stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        findings.ok("stack", f"{stack.name} is {stack.status}")
    elif stack.status.endswith("_IN_PROGRESS"):
        findings.warn("stack", f"{stack.name} is {stack.status}", "Wait until the deployment has ended.")
    else:
        findings.warn("stack", f"{stack.name} is {stack.status}", "The last deployment failed: deploy again.")


def _check_table(findings: CheckResults, account: Account) -> None:
    name = account.stack.outputs.get("TableName", "")
    with findings.checking(
        "table", "The table must exist and be active; docs/operations.md explains how to restore it."
    ):
        table = account.call("dynamodb", "describe_table", TableName=name)["Table"]
        if table["TableStatus"] != "ACTIVE":
            findings.warn("table", f"{name} is {table['TableStatus']}", "Wait until it is ACTIVE.")
        else:
            findings.ok("table", f"{name} is active")
        indexes = {
            each["IndexName"]: each.get("IndexStatus", "ACTIVE")
            for each in table.get("GlobalSecondaryIndexes", [])
        }
        missing = INDEXES - indexes.keys()
        building = sorted(index for index, status in indexes.items() if status != "ACTIVE")
        if missing:
            findings.wrong(
                "indexes", f"there is no {', '.join(sorted(missing))}", "Deploy the template again."
            )
        elif building:
            findings.warn("indexes", f"{', '.join(building)} not active yet", "Wait until they are built.")
        else:
            findings.ok("indexes", ", ".join(sorted(indexes)))


def _check_queues(findings: CheckResults, account: Account) -> None:
    urls = {name: url for name, url in account.stack.outputs.items() if name.endswith("QueueUrl")}
    with findings.checking("queues", "Deploy the template again."):
        waiting: list[str] = []
        dead = 0
        for name, url in sorted(urls.items()):
            attributes = account.call(
                "sqs",
                "get_queue_attributes",
                QueueUrl=url,
                AttributeNames=["ApproximateNumberOfMessages"],
            )["Attributes"]
            number = int(attributes["ApproximateNumberOfMessages"])
            if "DeadLetter" in name:
                dead += number
            elif number:
                waiting.append(f"{number} in {name.removesuffix('Url')}")
        findings.ok("queues", "; ".join(waiting) + " waiting" if waiting else "they are empty")
        if dead:
            findings.warn("dead letters", f"{plural(dead, 'message')} failed for good", DEAD_LETTERS_MEND)
        else:
            findings.ok("dead letters", "none")


def _check_ingest(findings: CheckResults, account: Account) -> None:
    bucket = account.stack.outputs.get("IngestBucketName", "")
    with findings.checking("ingest bucket", "Deploy the template again."):
        notifications = account.call("s3", "get_bucket_notification_configuration", Bucket=bucket)
        if notifications.get("QueueConfigurations"):
            findings.ok("ingest bucket", f"{bucket} notifies its queue of new objects")
        else:
            findings.wrong(
                "ingest bucket",
                f"{bucket} does not notify its queue of new objects",
                "Deploy the template again.",
            )


def _check_signing(findings: CheckResults, account: Account) -> None:
    name = account.stack.resources.get("SigningSecret")
    if not name:
        return
    secret = _secret(findings, account, name, "signing secret")
    if secret is not None and str(secret.get("current")) not in secret:
        findings.wrong(
            "signing secret",
            "the key that `current` names is not in it",
            "docs/operations.md, on keys, describes its form.",
        )
    elif secret is not None:
        findings.ok("signing secret", "has its current key")


def _check_stores(findings: CheckResults, account: Account, *, tries_store: bool) -> None:
    """Check the stores of bytes and their buckets; PictureChecks checks that the functions can write there."""
    stack = account.stack
    private = _store_client(findings, account, stack.private_store, "store secret")
    bucket = stack.parameters["PrivateBucket"]
    if private is not None and _opens(findings, private, "private bucket", bucket) and tries_store:
        StoreTrial(findings, private, bucket=bucket, kind=stack.private_store.kind).run()
    public_bucket = stack.parameters.get("PublicBucket")
    if not public_bucket:
        findings.skip("public bucket", "there is none: public links redirect to presigned links")
        return
    public = private
    if stack.public_store != stack.private_store:
        public = _store_client(findings, account, stack.public_store, "public store secret")
    if public is not None:
        _opens(findings, public, "public bucket", public_bucket)


def _check_backup(findings: CheckResults, account: Account, *, tries_store: bool) -> None:
    """Check the store of backups; `parts` shows how old the last backup is."""
    stack = account.stack
    bucket = stack.parameters.get("BackupStore")
    if not bucket:
        findings.skip("backup store", "there is none: nothing is backed up")
        return
    client = _store_client(findings, account, stack.backup_store, "backup secret")
    if client is not None:
        check_backup_store(findings, client, bucket=bucket, stack=stack.name, tries_store=tries_store)


def _store_client(findings: CheckResults, account: Account, store: ByteStore, check: str) -> Any:
    """A client with the store's keys, or with the caller's own rights if it has none; None without its keys."""
    options: dict[str, Any] = {}
    if store.region:
        options["region_name"] = store.region
    if store.endpoint:
        options["endpoint_url"] = store.endpoint
    if store.secret is None:
        findings.skip(check, "there is none: the functions use their roles, and this check your own rights")
    else:
        keys = _store_keys(findings, account, store.secret, check)
        if keys is None:
            return None
        options |= {
            "aws_access_key_id": keys["access_key_id"],
            "aws_secret_access_key": keys["secret_access_key"],
        }
    return account.client("s3", **options)


def _opens(findings: CheckResults, client: Any, check: str, bucket: str) -> bool:
    """Whether a bucket can be listed."""
    with findings.checking(check, BUCKET_MEND):
        call_operation(client, "list_objects_v2", Bucket=bucket, MaxKeys=1)
        findings.ok(check, f"{bucket} can be read")
    return not findings.is_wrong(check)


def _store_keys(findings: CheckResults, account: Account, name: str, check: str) -> dict[str, Any] | None:
    secret = _secret(findings, account, name, check)
    if secret is None:
        return None
    missing = [
        member for member in KEY_MEMBERS if not isinstance(secret.get(member), str) or not secret[member]
    ]
    if missing:
        findings.wrong(check, f"{name} has no {' and no '.join(missing)}", SECRET_MEND)
        return None
    findings.ok(check, f"{name} has both members")
    return secret


def _secret(findings: CheckResults, account: Account, name: str, check: str) -> dict[str, Any] | None:
    """Read a secret; None if that fails, with a reported result that does not show its value."""
    try:
        text = account.call("secretsmanager", "get_secret_value", SecretId=name)["SecretString"]
    except NotFound:
        findings.wrong(check, f"there is no secret {name}", SECRET_MEND)
        return None
    except NotSignedIn:
        findings.skip(
            check, f"your AWS user may not read {name}", "Allow secretsmanager:GetSecretValue to check it."
        )
        return None
    except CommandError as failed:
        findings.wrong(check, failed.message, SECRET_MEND)
        return None
    try:
        secret = json.loads(text)
    except ValueError:
        secret = None
    if not isinstance(secret, dict):
        findings.wrong(check, f"{name} does not hold a JSON object", SECRET_MEND)
        return None
    return secret
