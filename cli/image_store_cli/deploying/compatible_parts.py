"""The parts of a deployment whose images are at a store with S3's API other than R2 and AWS S3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.compatible import OptionalRules, StoreAccess, StoreBuckets, StoreKey
from image_store_cli.deploying.keys import Secrets
from image_store_cli.deploying.plan import describe_cors, upload_origins
from image_store_cli.deploying.r2 import TRANSFORM_DAYS
from image_store_cli.deploying.r2_parts import RECOVERY_DAYS
from image_store_cli.deploying.s3 import LIFECYCLE_RULE, S3Rules, cors_rules
from image_store_cli.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.store_file import CompatibleSettings, StoreFile
    from image_store_cli.doctor.results import CheckResult

CORS_ADVICE = (
    "Every page must be able to read, and your apps and the API to upload: docs/deploying.md, step 2."
)
LIFECYCLE_ADVICE = f"Let the store delete what is below transforms/ after {TRANSFORM_DAYS} days."


@dataclass(slots=True)
class CompatibleParts:
    """The buckets, their rules as far as the store keeps them, and the secret with its key pair."""

    store: StoreFile
    access: StoreAccess
    note: Callable[[str], None]
    report: Callable[[CheckResult], None]
    api_origin: str = field(default="")
    refused: set[str] = field(default_factory=set)
    """The rules that the store has refused in this run."""

    @property
    def settings(self) -> CompatibleSettings:
        """The store and its buckets."""
        return self.access.settings

    @property
    def place(self) -> str:
        """The store in words."""
        return f"buckets at {self.settings.endpoint}"

    @property
    def buckets(self) -> Sequence[str]:
        """The names of the buckets, the private one first."""
        return self.settings.buckets

    @property
    def address(self) -> str:
        """The address of the public bucket; empty without one."""
        return self.settings.public_url

    @property
    def usd_per_gb(self) -> float | None:
        """Return None: only the vendor knows what a gigabyte costs."""
        return None

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the template that describe the buckets."""
        return {
            "ByteStore": self.settings.kind,
            "R2Endpoint": self.settings.endpoint,
            "R2Region": self.settings.region,
            "PrivateBucket": self.settings.private_bucket,
            "PublicBucket": self.settings.public_bucket,
            "PublicUrl": self.settings.public_url,
            "CloudFrontDistributionId": self.settings.cloudfront_distribution,
        }

    def steps(self) -> Sequence[DeploymentStep]:
        """Return all parts in the order in which they are made; the key comes last, when the store was tried."""
        private, public = self.settings.private_bucket, self.settings.public_bucket
        steps: list[DeploymentStep] = [
            StoreBuckets(self.access),
            self._rules(
                private,
                "lifecycle",
                lambda: [LIFECYCLE_RULE],
                lambda: f"images of signed links below transforms/ expire after {TRANSFORM_DAYS} days",
                LIFECYCLE_ADVICE,
            ),
            self.private_cors(),
        ]
        if public:
            steps.append(
                self._rules(
                    public, "cors", lambda: cors_rules(()), lambda: "every page may read", CORS_ADVICE
                )
            )
        return [*steps, StoreKey(self.access, self.report)]

    def private_cors(self) -> OptionalRules:
        """Return the CORS rules of the private bucket, which name the API's origin as soon as it is known."""
        return self._rules(
            self.settings.private_bucket,
            "cors",
            lambda: cors_rules(upload_origins(self.store.origins, self.api_origin)),
            lambda: describe_cors(self.store.origins, self.api_origin),
            CORS_ADVICE,
        )

    def wait(self) -> str:
        """Return an empty text: nothing of the public address is made here."""
        return ""

    def belongings(self) -> Sequence[str]:
        """Describe what goes with the stack when it is destroyed."""
        if Secrets(self.access.account).read(self.access.secret) is None:
            return []
        return [f"the secret {self.access.secret}, after {RECOVERY_DAYS} days"]

    def remove(self, report: Callable[[str, str], None]) -> None:
        """Schedule the deletion of the secret."""
        if Secrets(self.access.account).remove(self.access.secret, days=RECOVERY_DAYS):
            report("secret", f"{self.access.secret} is deleted after {RECOVERY_DAYS} days")

    def exists(self, bucket: str) -> bool:
        """Whether a bucket exists; true if there is no key pair to look with."""
        storage = self.storage()
        if storage is None:
            return True
        try:
            self.access.call("s3", "list_objects_v2", Bucket=bucket, MaxKeys=1)
        except NotFound:
            return False
        return True

    def storage(self) -> Any:
        """Return an S3 client with the key pair of the store; None if there is no secret with one."""
        if Secrets(self.access.account).read(self.access.secret) is None:
            return None
        return self.access.client()

    def _rules(
        self,
        bucket: str,
        kind: str,
        needs: Callable[[], Sequence[Mapping[str, Any]]],
        describe: Callable[[], str],
        advice: str,
    ) -> OptionalRules:
        name = "CORS" if kind == "cors" else kind
        rules = S3Rules(self.access, bucket, kind=kind, name=name, needs=needs, describe=describe)
        return OptionalRules(rules, self.note, advice, self.refused, f"the {name} rules of {bucket}")
