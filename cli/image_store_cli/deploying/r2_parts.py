"""The parts of a deployment whose images are at Cloudflare R2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from image_store_cli.deploying.keys import PERMISSION, AccountTokens, PurgeToken, R2Key, Secrets
from image_store_cli.deploying.plan import describe_cors, upload_origins
from image_store_cli.deploying.public_domain import CacheRule, PublicDomain
from image_store_cli.deploying.r2 import (
    LIFECYCLE_RULE,
    READ_RULE,
    TRANSFORM_DAYS,
    Buckets,
    R2Account,
    Rules,
    cors_rules,
)
from image_store_cli.deploying.stack_secrets import secret_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from image_store_cli.aws import Account
    from image_store_cli.deploying.plan import DeploymentStep
    from image_store_cli.deploying.stack_secrets import StackSecret
    from image_store_cli.deploying.store_file import StoreFile

R2_REGION = "auto"
USD_PER_GB = 0.015


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what one deployment owns outside its stack."""

    store: StoreFile
    aws_account: str

    @property
    def r2_token(self) -> str:
        """The token for objects; its name tells apart stores of one name in other accounts or regions."""
        return f"{self._prefix} r2"

    @property
    def purge_token(self) -> str:
        """The token that purges."""
        return f"{self._prefix} purge"

    @property
    def r2_secret(self) -> StackSecret:
        """The secret with R2's key pair."""
        return secret_of(self.store, "R2SecretName", "r2")

    @property
    def purge_secret(self) -> StackSecret:
        """The secret with the token that purges."""
        return secret_of(self.store, "CloudflareSecretName", "cloudflare")

    @property
    def _prefix(self) -> str:
        return f"image-store {self.store.stack} {self.aws_account} {self.store.region}"


@dataclass(slots=True)
class R2Parts:
    """Buckets, their rules, the public domain, and the two tokens with their secrets."""

    store: StoreFile
    account: Account
    r2: R2Account
    names: Names
    zone: str
    """The zone of the public domain; empty without one."""
    sleep: Callable[[float], None]
    api_origin: str = field(default="")

    @property
    def place(self) -> str:
        """The vendor's account in words."""
        return f"R2 account {self.r2.settings.account}"

    @property
    def buckets(self) -> Sequence[str]:
        """The names of the buckets, the private one first."""
        return self.r2.settings.buckets

    @property
    def address(self) -> str:
        """The address of the public bucket; empty without one."""
        return self.r2.settings.address

    @property
    def secrets(self) -> Sequence[StackSecret]:
        """The secrets with the two tokens."""
        return self.names.r2_secret, self.names.purge_secret

    @property
    def usd_per_gb(self) -> float:
        """What a stored gigabyte costs a month."""
        return USD_PER_GB

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the template that describe the buckets."""
        settings = self.r2.settings
        parameters = {
            "R2AccountId": settings.account,
            "PrivateBucket": settings.private_bucket,
            "PublicBucket": settings.public_bucket,
            "PublicUrl": settings.address,
            "CloudflareZoneId": self.zone if settings.purge else "",
        }
        if settings.jurisdiction != "default":
            parameters["R2Endpoint"] = settings.endpoint
        return parameters

    def steps(self) -> Sequence[DeploymentStep]:
        """Return all parts in the order in which they are made."""
        settings = self.r2.settings
        steps: list[DeploymentStep] = [Buckets(self.r2), self._lifecycle(), self.private_cors()]
        if settings.public_bucket:
            steps.append(self._public_cors())
        if settings.public_domain:
            steps.append(self.domain())
        if settings.cache_rule:
            steps.append(self.cache_rule())
        steps.append(self.r2_key())
        if settings.purge:
            secret, token = self.names.purge_secret, self.names.purge_token
            steps.append(PurgeToken(self.r2, self.account, zone=self.zone, secret=secret, token=token))
        return steps

    def private_cors(self) -> Rules:
        """Return the CORS rules of the private bucket, which name the API's origin as soon as it is known."""
        return Rules(
            self.r2,
            self.r2.settings.private_bucket,
            kind="cors",
            name="CORS",
            needs=lambda: cors_rules(upload_origins(self.store.origins, self.api_origin)),
            describe=lambda: describe_cors(self.store.origins, self.api_origin),
        )

    def domain(self) -> PublicDomain:
        """Return the custom domain of the public bucket."""
        return PublicDomain(self.r2, self.zone)

    def cache_rule(self) -> CacheRule:
        """Return the rule of the zone's cache."""
        return CacheRule(self.r2, self.zone, self.store.stack)

    def wait(self) -> str:
        """Wait until the public domain works; return what is still missing, or an empty text."""
        return self.domain().wait(self.sleep) if self.r2.settings.public_domain else ""

    def belongings(self, keep: Collection[str]) -> Sequence[str]:
        """Describe what goes with the stack and its secrets; the tokens in the secrets in `keep` stay."""
        present = {token.get("name") for token in self.r2.api.pages("/tokens", purpose=PERMISSION)}
        lines = [f"the token {name!r} at Cloudflare" for name in self._tokens(keep) if name in present]
        if self.r2.settings.cache_rule and self.cache_rule().exists():
            lines.append(f"the cache rule for {self.r2.settings.public_domain}")
        return lines

    def remove(self, report: Callable[[str, str], None], keep: Collection[str]) -> None:
        """Delete tokens and cache rule; the tokens in the secrets in `keep` stay."""
        for name in self._tokens(keep):
            if AccountTokens(self.r2.api).remove(name):
                report("token", f"{name!r} deleted")
        if self.r2.settings.cache_rule and self.cache_rule().remove():
            report("cache rule", "deleted")

    def exists(self, bucket: str) -> bool:
        """Whether a bucket exists."""
        return self.r2.find(bucket) is not None

    def storage(self) -> Any:
        """Return an S3 client with the key pair of the store; None if there is no secret with one."""
        members = Secrets(self.account).read(self.names.r2_secret.name)
        return None if members is None else self.storage_with(members)

    def storage_with(self, members: Mapping[str, Any]) -> Any:
        """Return an S3 client of R2 with the key pair of a secret."""
        return self.account.client(
            "s3",
            endpoint_url=self.store.parameters.get("R2Endpoint") or self.r2.settings.endpoint,
            region_name=self.store.parameters.get("R2Region") or R2_REGION,
            aws_access_key_id=members["access_key_id"],
            aws_secret_access_key=members["secret_access_key"],
        )

    def _tokens(self, keep: Collection[str]) -> list[str]:
        """The names of the tokens that are in no secret that stays."""
        tokens = zip((self.names.r2_token, self.names.purge_token), self.secrets, strict=True)
        return [token for token, secret in tokens if secret.name not in keep]

    def _public_cors(self) -> Rules:
        return Rules(
            self.r2,
            self.r2.settings.public_bucket,
            kind="cors",
            name="CORS",
            needs=lambda: [READ_RULE],
            describe=lambda: "every page may read",
        )

    def _lifecycle(self) -> Rules:
        return Rules(
            self.r2,
            self.r2.settings.private_bucket,
            kind="lifecycle",
            name="lifecycle",
            needs=lambda: [LIFECYCLE_RULE],
            describe=lambda: f"images of signed links below transforms/ expire after {TRANSFORM_DAYS} days",
        )

    def r2_key(self) -> R2Key:
        """Return the key pair of the functions."""
        return R2Key(
            self.r2,
            self.account,
            secret=self.names.r2_secret,
            token=self.names.r2_token,
            open_storage=self.storage_with,
            sleep=self.sleep,
        )
