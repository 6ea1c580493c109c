"""The two buckets at AWS S3: they exist, are private to the account, and have their lifecycle and CORS rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from image_store_cli.deploying.plan import Action, PlannedChange, change_of_rules
from image_store_cli.deploying.r2 import (
    READ_METHODS,
    READ_RULE_ID,
    RULE_SECONDS,
    TRANSFORM_DAYS,
    UPLOAD_HEADERS,
    UPLOAD_RULE_ID,
)
from image_store_cli.errors import CommandError, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.aws import Account

DEFAULT_REGION = "us-east-1"
"""The one region that S3 does not let a request name."""
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
"""CloudFront with origin access control still reads a bucket that blocks public access."""
LIFECYCLE_RULE = {
    "ID": "transforms",
    "Status": "Enabled",
    "Filter": {"Prefix": "transforms/"},
    "Expiration": {"Days": TRANSFORM_DAYS},
}
ABORT_RULE = {
    "ID": "image-store-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
NO_RULES = {"NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration"}


class S3Calls(Protocol):
    """Whatever calls operations of S3 by their names: an AWS account, or another store."""

    def call(self, service: str, operation: str, **request: Any) -> Any:
        """Call an operation; an error becomes a CommandError."""


def cors_rules(origins: Sequence[str]) -> list[dict[str, Any]]:
    """Return the CORS rules of the private bucket: every page may read, pages of `origins` may upload."""
    common = {"ExposeHeaders": ["ETag"], "MaxAgeSeconds": RULE_SECONDS}
    read = {"ID": READ_RULE_ID, "AllowedOrigins": ["*"], "AllowedMethods": READ_METHODS, **common}
    if not origins:
        return [read]
    upload = {
        "ID": UPLOAD_RULE_ID,
        "AllowedOrigins": sorted(origins),
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": UPLOAD_HEADERS,
        **common,
    }
    return [read, upload]


@dataclass(frozen=True, slots=True)
class S3Buckets:
    """Both buckets exist in the region of the stack and block public access."""

    account: Account
    owner: str
    """The id of the AWS account that must own them."""
    region: str
    names: tuple[str, ...]
    name: str = "buckets"

    def look(self) -> Sequence[PlannedChange]:
        """List buckets that are missing or not blocked; UsageError for one of another account or region."""
        changes = []
        for bucket in self.names:
            if not self._exists(bucket):
                text = f"private bucket {bucket} (S3, {self.region})"
                changes.append(PlannedChange("bucket", Action.ADD, text))
            elif not self._is_blocked(bucket):
                text = f"{bucket} blocks public access"
                changes.append(PlannedChange("public access", Action.CHANGE, text))
        return changes

    def act(self) -> None:
        """Create what is missing, and block public access."""
        for bucket in self.names:
            if not self._exists(bucket):
                self._create(bucket)
            if not self._is_blocked(bucket):
                self.account.call(
                    "s3", "put_public_access_block", Bucket=bucket, PublicAccessBlockConfiguration=BLOCK
                )

    def _exists(self, bucket: str) -> bool:
        try:
            # Names are global, and the owner of a bucket of this name may have opened it to everybody.
            place = self.account.call(
                "s3", "get_bucket_location", Bucket=bucket, ExpectedBucketOwner=self.owner
            )
        except NotFound:
            return False
        except CommandError as refused:
            if aws_code(refused) == "NoSuchBucket":
                return False
            raise UsageError(
                f"The bucket {bucket} exists and is not yours, or your AWS user may not see it ({aws_code(refused)}). "
                "Choose another name in the file."
            ) from refused
        region = place.get("LocationConstraint") or DEFAULT_REGION
        if region != self.region:
            raise UsageError(f"The bucket {bucket} is in {region}, and the stack is in {self.region}.")
        return True

    def _create(self, bucket: str) -> None:
        where = {} if self.region == DEFAULT_REGION else {"LocationConstraint": self.region}
        options = {"CreateBucketConfiguration": where} if where else {}
        try:
            self.account.call(
                "s3", "create_bucket", Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **options
            )
        except CommandError as refused:
            if aws_code(refused) != "BucketAlreadyOwnedByYou":  # by a run whose answer was lost
                raise

    def _is_blocked(self, bucket: str) -> bool:
        answer = read_rules(self.account, "get_public_access_block", bucket)
        return bool(answer.get("PublicAccessBlockConfiguration") == BLOCK)


@dataclass(frozen=True, slots=True)
class S3Rules:
    """The CORS or lifecycle rules that a bucket needs; rules of others stay."""

    account: S3Calls
    bucket: str
    kind: str
    """`cors` or `lifecycle`."""
    name: str
    needs: Callable[[], Sequence[Mapping[str, Any]]]
    describe: Callable[[], str]

    def look(self) -> Sequence[PlannedChange]:
        """Compare the rules with those that the bucket needs."""
        current = {rule.get("ID"): rule for rule in self._current()}
        if all(_comparable(current.get(rule["ID"])) == _comparable(rule) for rule in self.needs()):
            return []
        is_there = any(rule["ID"] in current for rule in self.needs())
        return [change_of_rules(self.name, self.bucket, self.describe(), is_there=is_there)]

    def act(self) -> None:
        """Write the rules beside those of others, because a write replaces all of them."""
        needs = self.needs()
        ids = {rule["ID"] for rule in needs}
        rules = [*(rule for rule in self._current() if rule.get("ID") not in ids), *needs]
        if self.kind == "cors":
            self.account.call(
                "s3", "put_bucket_cors", Bucket=self.bucket, CORSConfiguration={"CORSRules": rules}
            )
        else:
            self.account.call(
                "s3",
                "put_bucket_lifecycle_configuration",
                Bucket=self.bucket,
                LifecycleConfiguration={"Rules": rules},
            )

    def _current(self) -> list[dict[str, Any]]:
        if self.kind == "cors":
            return list(read_rules(self.account, "get_bucket_cors", self.bucket).get("CORSRules", ()))
        answer = read_rules(self.account, "get_bucket_lifecycle_configuration", self.bucket)
        return list(answer.get("Rules", ()))


def read_rules(account: S3Calls, operation: str, bucket: str) -> Mapping[str, Any]:
    """Read a setting of a bucket; empty if the bucket does not exist or has no such setting."""
    try:
        answer: Mapping[str, Any] = account.call("s3", operation, Bucket=bucket)
    except NotFound:
        return {}
    except CommandError as refused:
        if aws_code(refused) in NO_RULES | {"NoSuchBucket"}:
            return {}
        raise
    return answer


def _comparable(rule: Mapping[str, Any] | None) -> Any:
    """A rule in a form in which the order of a list does not matter."""
    if rule is None:
        return None
    return {name: sorted(value) if isinstance(value, list) else value for name, value in rule.items()}


def aws_code(refused: CommandError) -> str:
    """Return the code of the answer of AWS behind an error."""
    response = getattr(refused.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
