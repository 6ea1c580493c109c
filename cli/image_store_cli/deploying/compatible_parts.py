"""The parts of a deployment whose images are at a store with S3's API other than R2 and AWS S3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.bucket_parts import BucketParts
from image_store_cli.deploying.compatible import OptionalRules, StoreAccess, StoreBuckets, StoreKey
from image_store_cli.deploying.keys import Secrets
from image_store_cli.deploying.r2 import TRANSFORM_DAYS
from image_store_cli.deploying.s3 import S3Rules
from image_store_cli.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.stack_secrets import StackSecret
    from image_store_cli.deploying.store_file import CompatibleSettings, StoreFile
    from image_store_cli.doctor.results import CheckResult

ADVICE = {
    "cors": "Every page must be able to read, and your apps and the API to upload: docs/deploying.md, step 2.",
    "lifecycle": f"Let the store delete what is below transforms/ after {TRANSFORM_DAYS} days.",
}
"""What to do about rules that the store refuses to keep."""


@dataclass(slots=True)
class CompatibleParts(BucketParts):
    """The buckets, their rules as far as the store keeps them, and the secret with its key pair."""

    store: StoreFile
    access: StoreAccess
    note: Callable[[str], None]
    report: Callable[[CheckResult], None]
    api_origin: str = field(default="")
    settings: CompatibleSettings = field(init=False)
    refused: set[str] = field(default_factory=set)
    """The rules that the store has refused in this run."""

    def __post_init__(self) -> None:
        self.settings = self.access.settings

    @property
    def place(self) -> str:
        """The store in words."""
        return f"buckets at {self.settings.endpoint}"

    @property
    def secrets(self) -> Sequence[StackSecret]:
        """The secret with the key pair."""
        return (self.access.secret,)

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
            **self.bucket_parameters(),
        }

    def steps(self) -> Sequence[DeploymentStep]:
        """Return all parts in the order in which they are made; the key comes last, when the store was tried."""
        return [StoreBuckets(self.access), *self.all_rules(), StoreKey(self.access, self.report)]

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
        if Secrets(self.access.account).read(self.access.secret.name) is None:
            return None
        return self.access.client()

    def rules(
        self,
        bucket: str,
        kind: str,
        needs: Callable[[], Sequence[Mapping[str, Any]]],
        describe: Callable[[], str],
    ) -> OptionalRules:
        """Return the rules of a bucket, which the store may refuse to keep."""
        name = "CORS" if kind == "cors" else kind
        rules = S3Rules(self.access, bucket, kind=kind, name=name, needs=needs, describe=describe)
        return OptionalRules(rules, self.note, ADVICE[kind], self.refused, f"the {name} rules of {bucket}")
