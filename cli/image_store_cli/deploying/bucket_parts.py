"""What deployments at AWS S3 and at stores like it have in common: two buckets with rules, and a public address.

Whatever serves the public bucket, such as CloudFront, is not made here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.plan import describe_cors, upload_origins
from image_store_cli.deploying.r2 import TRANSFORM_DAYS
from image_store_cli.deploying.s3 import LIFECYCLE_RULE, cors_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.store_file import CompatibleSettings, S3Settings, StoreFile


class BucketParts(ABC):
    """The buckets of a store with S3's API, and their rules."""

    __slots__ = ()
    store: StoreFile
    settings: S3Settings | CompatibleSettings
    api_origin: str

    @abstractmethod
    def rules(
        self,
        bucket: str,
        kind: str,
        needs: Callable[[], Sequence[Mapping[str, Any]]],
        describe: Callable[[], str],
    ) -> DeploymentStep:
        """Return the rules of a bucket: `kind` is `cors` or `lifecycle`, and `describe` says in words what they do."""

    @property
    def buckets(self) -> Sequence[str]:
        """The names of the buckets, the private one first."""
        return self.settings.buckets

    @property
    def address(self) -> str:
        """The address of the public bucket; empty without one."""
        return self.settings.public_url

    def bucket_parameters(self) -> dict[str, str]:
        """Return the parameters of the template that name the buckets and what serves the public one."""
        return {
            "PrivateBucket": self.settings.private_bucket,
            "PublicBucket": self.settings.public_bucket,
            "PublicUrl": self.settings.public_url,
            "CloudFrontDistributionId": self.settings.cloudfront_distribution,
        }

    def all_rules(self, *lifecycle: Mapping[str, Any]) -> list[DeploymentStep]:
        """Return the rules of both buckets; `lifecycle` are those of the private one beside the store's own."""
        steps = [
            self.rules(
                self.settings.private_bucket,
                "lifecycle",
                lambda: [LIFECYCLE_RULE, *lifecycle],
                lambda: f"images of signed links below transforms/ expire after {TRANSFORM_DAYS} days",
            ),
            self.private_cors(),
        ]
        if public := self.settings.public_bucket:
            steps.append(self.rules(public, "cors", lambda: cors_rules(()), lambda: "every page may read"))
        return steps

    def private_cors(self) -> DeploymentStep:
        """Return the CORS rules of the private bucket, which name the API's origin as soon as it is known."""
        return self.rules(
            self.settings.private_bucket,
            "cors",
            lambda: cors_rules(upload_origins(self.store.origins, self.api_origin)),
            lambda: describe_cors(self.store.origins, self.api_origin),
        )

    def wait(self) -> str:
        """Return an empty text: nothing of the public address is made here."""
        return ""

    def belongings(self, keep: Collection[str]) -> Sequence[str]:
        """Return nothing: all that goes is in the stack, or a secret."""
        return []

    def remove(self, report: Callable[[str, str], None], keep: Collection[str]) -> None:  # noqa: B027 - for all
        """Delete nothing."""
