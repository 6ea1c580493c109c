"""What `destroy` deletes, what stays, and what that costs a month."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation
from image_store_cli.deploying.keys import Secrets
from image_store_cli.deploying.stack_secrets import RECOVERY_DAYS, kept_secrets, secret_of
from image_store_cli.display.texts import plural, size
from image_store_cli.errors import CommandError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from image_store_cli.aws import Account
    from image_store_cli.deploying.plan import Parts
    from image_store_cli.deploying.stack import Formation
    from image_store_cli.deploying.store_file import StoreFile

GIB = 2**30
GB = 10**9
S3_USD_PER_GB = 0.023
TABLE_USD_PER_GIB = 0.25
BACKUP_USD_PER_GIB = 0.20
KEY_USD = 1.00
SECRET_USD = 0.40
LOGS_USD_PER_GIB = 0.03
"""List prices a month in us-east-1, November 2026."""
DELETED_AT_ONCE = 1000
SAM_STACK, SAM_BUCKET = "aws-sam-cli-managed-default", "SamCliSourceBucket"
MAX_PAGES = 100
"""Of 1,000 objects each: larger buckets are not counted to the end."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """Something that stays: what it is, its monthly cost (None if it is unknown), and how to delete it."""

    text: str
    usd: float | None
    advice: str

    def body(self) -> dict[str, Any]:
        """The line as JSON."""
        cost = None if self.usd is None else round(self.usd, 4)
        return {"stays": self.text, "usd_per_month": cost, "delete_with": self.advice}


@dataclass(frozen=True, slots=True)
class Removal:
    """Removes a deployment; everything is looked up again in each run, so a run that was interrupted is repeated."""

    store: StoreFile
    account: Account
    formation: Formation
    parts: Parts

    def goes(self) -> Sequence[str]:
        """Describe what is deleted."""
        described = self.formation.settle()
        lines = []
        if described is not None:
            number = len(self._resources(described["StackId"]))
            lines.append(
                f"the stack {self.store.stack} with {plural(number, 'resource')}: API, functions, queues, alarms"
            )
            waiting = sum(1 for _ in self._ingest_versions(described["StackId"]))
            if waiting:
                lines.append(f"{plural(waiting, 'version')} of objects in its ingest bucket")
            lines.append("its signing keys: all links, shares and upload tokens stop working")
        lines += self.parts.belongings(self._kept())
        lines += [f"the secret {name}, after {RECOVERY_DAYS} days" for name in self._own_secrets()]
        return lines

    def stays(self) -> Sequence[Remainder]:
        """Describe what is kept, with its cost a month by list prices."""
        stack_id = self._stack_id()
        resources = self._resources(stack_id) if stack_id else {}
        others = [
            self._table(resources.get("Table", "")),
            self._key(resources.get("SecretsKey", "")),
            self._logs(resources.get("AuditLogs", "")),
            self._providers_secret(),
            *(self._kept_secret(name, reason) for name, reason in self._kept().items()),
            self._packages(),
        ]
        buckets = [each for name in self.parts.buckets if (each := self._bucket(name)) is not None]
        return [each for each in [*buckets, *others] if each is not None]

    def act(self, report: Callable[[str, str], None]) -> None:
        """Delete it in an order in which each part can still be found after an interruption."""
        described = self.formation.describe()
        if described is not None:
            removed = self._empty_ingest_bucket(described["StackId"])
            if removed:
                report("ingest bucket", f"{plural(removed, 'version')} deleted")
            self.formation.delete()
            report("stack", "deleted")
        secrets = self._own_secrets()
        self.parts.remove(report, self._kept())
        for name in secrets:
            if Secrets(self.account).remove(name, days=RECOVERY_DAYS):
                report("secret", f"{name} is deleted after {RECOVERY_DAYS} days")

    def _kept(self) -> Mapping[str, str]:
        """The names of the secrets that stay, with the reason."""
        return kept_secrets(self.parts.secrets, self.formation.others_with)

    def _own_secrets(self) -> list[str]:
        """The names of the secrets that are there, and that nothing else uses."""
        staying, secrets = self._kept(), Secrets(self.account)
        names = [secret.name for secret in self.parts.secrets if secret.name not in staying]
        return [name for name in names if secrets.read(name) is not None]

    def _stack_id(self) -> str | None:
        """The id of the stack, or of the last one of its name that was deleted."""
        described = self.formation.describe()
        return str(described["StackId"]) if described is not None else self.formation.last_deleted()

    def _resources(self, stack_id: str) -> dict[str, str]:
        return self.formation.resources(stack_id)

    def _ingest_versions(self, stack_id: str) -> Iterator[dict[str, str]]:
        """Yield every version and delete marker in the ingest bucket."""
        bucket = self._resources(stack_id).get("IngestBucket")
        if not bucket:
            return
        storage, marks = self.account.client("s3"), dict[str, str]()
        while True:
            try:
                page = call_operation(storage, "list_object_versions", Bucket=bucket, **marks)
            except NotFound:
                return
            for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                yield {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            if not page.get("IsTruncated"):
                return
            marks = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def _empty_ingest_bucket(self, stack_id: str) -> int:
        """Delete all versions, because CloudFormation only deletes empty buckets."""
        bucket = self._resources(stack_id).get("IngestBucket")
        number = 0
        for batch in batched(self._ingest_versions(stack_id), DELETED_AT_ONCE, strict=False):
            answer = self.account.call(
                "s3", "delete_objects", Bucket=bucket, Delete={"Objects": list(batch), "Quiet": True}
            )
            if errors := answer.get("Errors"):
                raise CommandError(
                    f"An object of {bucket} was not deleted: {errors[0].get('Message', 'no reason')}."
                )
            number += len(batch)
        return number

    def _table(self, name: str) -> Remainder | None:
        if not name:
            return None
        try:
            table = self.account.call("dynamodb", "describe_table", TableName=name)["Table"]
        except NotFound:
            return None
        count = int(table.get("TableSizeBytes", 0))
        return Remainder(
            f"the table {name} with all metadata ({size(count)}) and its backups",
            count / GIB * (TABLE_USD_PER_GIB + BACKUP_USD_PER_GIB),
            f"aws dynamodb delete-table --table-name {name}",
        )

    def _key(self, key_id: str) -> Remainder | None:
        if not key_id:
            return None
        try:
            state = self.account.call("kms", "describe_key", KeyId=key_id)["KeyMetadata"]["KeyState"]
        except NotFound:
            return None
        if state == "PendingDeletion":
            return None
        return Remainder(
            f"the key {key_id}, without which nothing that it encrypted can be read",
            KEY_USD,
            f"aws kms schedule-key-deletion --key-id {key_id} --pending-window-in-days 30",
        )

    def _logs(self, name: str) -> Remainder | None:
        if not name:
            return None
        groups = self.account.call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
        group = next((each for each in groups if each["logGroupName"] == name), None)
        if group is None:
            return None
        count = int(group.get("storedBytes", 0))
        return Remainder(
            f"the audit trail {name} ({size(count)})",
            count / GIB * LOGS_USD_PER_GIB,
            f"aws logs delete-log-group --log-group-name {name}",
        )

    def _providers_secret(self) -> Remainder | None:
        name = secret_of(self.store, "ProvidersSecretName", "providers").name
        return self._kept_secret(name, "with keys of image providers")

    def _kept_secret(self, name: str, reason: str) -> Remainder | None:
        """A secret that stays, with what says why; None if there is none."""
        if Secrets(self.account).read(name) is None:
            return None
        return Remainder(
            f"the secret {name}, {reason}",
            SECRET_USD,
            f"aws secretsmanager delete-secret --secret-id {name}",
        )

    def _packages(self) -> Remainder | None:
        """The uploaded code in the bucket that all SAM stacks of the account and region share."""
        try:
            bucket = self.formation.resources(SAM_STACK).get(SAM_BUCKET)
        except NotFound:
            return None
        if not bucket:
            return None
        storage, prefix = self.account.client("s3"), f"{self.store.stack}/"
        count, is_all = _total(storage, bucket, Prefix=prefix)
        if not count:
            return None
        return Remainder(
            f"the uploaded code below {bucket}/{prefix} ({size(count)})",
            count / GB * S3_USD_PER_GB if is_all else None,
            f"aws s3 rm --recursive s3://{bucket}/{prefix}",
        )

    def _bucket(self, name: str) -> Remainder | None:
        """A bucket with its images, counted with the store's own key as long as that is there."""
        if not self.parts.exists(name):
            return None
        storage = self.parts.storage()
        count, is_all = (0, False) if storage is None else _total(storage, name)
        what = (
            size(count)
            if is_all
            else f"more than {size(count)}"
            if count
            else "its size is in Cloudflare's dashboard"
        )
        price = self.parts.usd_per_gb
        return Remainder(
            f"the bucket {name} with its images, {what}, {'at its vendor' if price is None else f'at ${price} a GB'}",
            count / GB * price if is_all and price is not None else None,
            "empty and delete it at its vendor, with its domain",
        )


def _total(storage: Any, bucket: str, **options: str) -> tuple[int, bool]:
    """The bytes of a bucket's objects as far as they were counted, and whether that is all of them."""
    count, marks = 0, dict[str, str]()
    for _ in range(MAX_PAGES):
        try:
            page = call_operation(storage, "list_objects_v2", Bucket=bucket, **options, **marks)
        except CommandError:
            return count, False
        count += sum(entry["Size"] for entry in page.get("Contents", ()))
        if not page.get("IsTruncated"):
            return count, True
        marks = {"ContinuationToken": page["NextContinuationToken"]}
    return count, False
