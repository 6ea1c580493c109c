"""The parts of a deployment whose images are at AWS S3: the functions' roles reach the buckets, so there is no key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.bucket_parts import BucketParts
from image_store_cli.deploying.s3 import ABORT_RULE, S3Buckets, S3Rules
from image_store_cli.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.aws import Account
    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.stack_secrets import StackSecret
    from image_store_cli.deploying.store_file import S3Settings, StoreFile

USD_PER_GB = 0.023
"""S3 Standard, the first 50 TB, us-east-1, November 2026."""


@dataclass(slots=True)
class S3Parts(BucketParts):
    """The buckets in the region of the stack. Whatever serves the public one, such as CloudFront, is not ours."""

    store: StoreFile
    account: Account
    settings: S3Settings
    aws_account: str
    api_origin: str = field(default="")

    @property
    def place(self) -> str:
        """The vendor's account in words."""
        return "buckets in S3"

    @property
    def secrets(self) -> Sequence[StackSecret]:
        """None: the functions' roles reach the buckets."""
        return ()

    @property
    def usd_per_gb(self) -> float:
        """What a stored gigabyte costs a month."""
        return USD_PER_GB

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the template that describe the buckets."""
        return {"ByteStore": "s3", **self.bucket_parameters()}

    def steps(self) -> Sequence[DeploymentStep]:
        """Return all parts in the order in which they are made."""
        buckets = S3Buckets(self.account, self.aws_account, self.store.region, self.settings.buckets)
        return [buckets, *self.all_rules(ABORT_RULE)]

    def exists(self, bucket: str) -> bool:
        """Whether a bucket exists."""
        try:
            self.account.call("s3", "head_bucket", Bucket=bucket)
        except NotFound:
            return False
        return True

    def storage(self) -> Any:
        """Return an S3 client with the credentials of the person who deploys."""
        return self.account.client("s3")

    def rules(
        self,
        bucket: str,
        kind: str,
        needs: Callable[[], Sequence[Mapping[str, Any]]],
        describe: Callable[[], str],
    ) -> S3Rules:
        """Return the rules of a bucket."""
        name = "CORS" if kind == "cors" else kind
        return S3Rules(self.account, bucket, kind=kind, name=name, needs=needs, describe=describe)
