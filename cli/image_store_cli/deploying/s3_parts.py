"""The parts of a deployment whose images are at AWS S3: the functions' roles reach the buckets, so there is no key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.plan import describe_cors, upload_origins
from image_store_cli.deploying.r2 import TRANSFORM_DAYS
from image_store_cli.deploying.s3 import ABORT_RULE, LIFECYCLE_RULE, S3Buckets, S3Rules, cors_rules
from image_store_cli.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.aws import Account
    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.store_file import S3Settings, StoreFile

USD_PER_GB = 0.023
"""S3 Standard, the first 50 TB, us-east-1, November 2026."""


@dataclass(slots=True)
class S3Parts:
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
    def buckets(self) -> Sequence[str]:
        """The names of the buckets, the private one first."""
        return self.settings.buckets

    @property
    def address(self) -> str:
        """The address of the public bucket; empty without one."""
        return self.settings.public_url

    @property
    def usd_per_gb(self) -> float:
        """What a stored gigabyte costs a month."""
        return USD_PER_GB

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the template that describe the buckets."""
        return {
            "ByteStore": "s3",
            "PrivateBucket": self.settings.private_bucket,
            "PublicBucket": self.settings.public_bucket,
            "PublicUrl": self.settings.public_url,
            "CloudFrontDistributionId": self.settings.cloudfront_distribution,
        }

    def steps(self) -> Sequence[DeploymentStep]:
        """Return all parts in the order in which they are made."""
        private, public = self.settings.private_bucket, self.settings.public_bucket
        steps: list[DeploymentStep] = [
            S3Buckets(self.account, self.aws_account, self.store.region, self.settings.buckets),
            self._rules(
                private,
                "lifecycle",
                lambda: [LIFECYCLE_RULE, ABORT_RULE],
                lambda: f"images of signed links below transforms/ expire after {TRANSFORM_DAYS} days",
            ),
            self.private_cors(),
        ]
        if public:
            steps.append(self._rules(public, "cors", lambda: cors_rules(()), lambda: "every page may read"))
        return steps

    def private_cors(self) -> S3Rules:
        """Return the CORS rules of the private bucket, which name the API's origin as soon as it is known."""
        return self._rules(
            self.settings.private_bucket,
            "cors",
            lambda: cors_rules(upload_origins(self.store.origins, self.api_origin)),
            lambda: describe_cors(self.store.origins, self.api_origin),
        )

    def wait(self) -> str:
        """Return an empty text: nothing of the public address is made here."""
        return ""

    def belongings(self) -> Sequence[str]:
        """Return nothing: all that goes is in the stack."""
        return []

    def remove(self, report: Callable[[str, str], None]) -> None:
        """Delete nothing."""

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

    def _rules(
        self,
        bucket: str,
        kind: str,
        needs: Callable[[], Sequence[Mapping[str, Any]]],
        describe: Callable[[], str],
    ) -> S3Rules:
        name = "CORS" if kind == "cors" else kind
        return S3Rules(self.account, bucket, kind=kind, name=name, needs=needs, describe=describe)
