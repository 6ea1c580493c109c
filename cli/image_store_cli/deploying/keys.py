"""The two tokens of a store at Cloudflare, and the secrets of the stack that hold them.

The value of a token is shown once, so it goes into the secret at once and nowhere else. After a crash between the two
the next run deletes the token by its name and creates another: no token is left behind.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation
from image_store_cli.deploying.cloudflare_api import CloudflareRefused
from image_store_cli.deploying.plan import Action, PlannedChange
from image_store_cli.deploying.s3 import aws_code
from image_store_cli.errors import CommandError, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from image_store_cli.aws import Account
    from image_store_cli.deploying.cloudflare_api import CloudflareApi
    from image_store_cli.deploying.r2 import R2Account
    from image_store_cli.deploying.stack_secrets import StackSecret

PERMISSION = (
    "Account → Account API Tokens → Edit. You can also create the token by hand and write the secret, as "
    "docs/deploying.md describes, and run this again"
)
BUCKET_SCOPE = "com.cloudflare.edge.r2.bucket"
BUCKET_GROUP = "Workers R2 Storage Bucket Item Write"
ZONE_SCOPE = "com.cloudflare.api.account.zone"
ZONE_GROUP = "Cache Purge"
NEW_TOKEN_SECONDS = 60
POLL_SECONDS = 2
KEY_MEMBERS = ("access_key_id", "secret_access_key")
"""What a secret with a key pair holds."""


def is_key_pair(members: Mapping[str, Any]) -> bool:
    """Whether the members of a secret are a key pair."""
    return all(isinstance(members.get(name), str) and members[name] for name in KEY_MEMBERS)


def key_fault(storage: Any, bucket: str) -> str:
    """Return why a store refuses the key pair of a client, empty if it does not; NotFound without the bucket."""
    try:
        call_operation(storage, "list_objects_v2", Bucket=bucket, MaxKeys=1)
    except (NotFound, Unavailable):
        raise
    except CommandError as refused:
        return refused.message
    return ""


class Secrets:
    """The secrets of the stack in AWS Secrets Manager; values are never printed."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the members of a secret; None if there is none, it is being deleted, or it is no JSON object."""
        try:
            text = self._account.call("secretsmanager", "get_secret_value", SecretId=name)["SecretString"]
        except NotFound:
            return None
        except CommandError as refused:
            if aws_code(refused) == "InvalidRequestException":  # it is scheduled for deletion
                return None
            raise
        try:
            members = json.loads(text)
        except ValueError:
            return None
        return members if isinstance(members, dict) else None

    def write(self, name: str, members: dict[str, str]) -> None:
        """Create the secret or replace its value, also of one that is scheduled for deletion."""
        text = json.dumps(members)
        try:
            self._account.call("secretsmanager", "create_secret", Name=name, SecretString=text)
        except CommandError as refused:
            if aws_code(refused) not in {"ResourceExistsException", "InvalidRequestException"}:
                raise
            self._account.call("secretsmanager", "restore_secret", SecretId=name)
            self._account.call("secretsmanager", "put_secret_value", SecretId=name, SecretString=text)

    def remove(self, name: str, *, days: int) -> bool:
        """Schedule the deletion of a secret, which can be undone for some days; false if there is none."""
        if self.read(name) is None:
            return False
        self._account.call("secretsmanager", "delete_secret", SecretId=name, RecoveryWindowInDays=days)
        return True


@dataclass(frozen=True, slots=True)
class AccountTokens:
    """The tokens of an account by name."""

    api: CloudflareApi

    def create(
        self, name: str, *, group: str, scope: str, resources: Sequence[str], keep: Collection[str] = ()
    ) -> dict[str, Any]:
        """Create a token with one permission on some resources; others of this name are deleted but those in `keep`."""
        group_id = self._group(group, scope)
        self.remove(name, keep=keep)
        policy = {
            "effect": "allow",
            "permission_groups": [{"id": group_id}],
            "resources": {f"{scope}.{resource}": "*" for resource in resources},
        }
        body = {"name": name, "policies": [policy]}
        token: dict[str, Any] = self.api.of_account("POST", "/tokens", body=body, purpose=PERMISSION)
        return token

    def remove(self, name: str, *, keep: Collection[str] = ()) -> int:
        """Delete all tokens of this name but those in `keep`; return how many there were."""
        ids = [str(token["id"]) for token in self.of_name(name) if token["id"] not in keep]
        for token_id in ids:
            self.delete(token_id)
        return len(ids)

    def of_name(self, name: str) -> list[dict[str, Any]]:
        """Return all tokens of this name, without their values."""
        return [token for token in self.api.pages("/tokens", purpose=PERMISSION) if token.get("name") == name]

    def delete(self, token_id: str) -> None:
        """Delete a token; one that is gone already is none."""
        try:
            self.api.of_account("DELETE", f"/tokens/{token_id}", purpose=PERMISSION)
        except CloudflareRefused as refused:
            if not refused.is_missing:
                raise

    def _group(self, name: str, scope: str) -> str:
        groups = self.api.of_account("GET", "/tokens/permission_groups", purpose=PERMISSION) or []
        for group in groups:
            if group.get("name") == name and scope in group.get("scopes", ()):
                return str(group["id"])
        raise Unavailable(f"Cloudflare offers no permission {name!r} for {scope}.")


@dataclass(frozen=True, slots=True)
class R2Key:
    """A key pair that may read and write the objects of the two buckets and nothing else."""

    r2: R2Account
    account: Account
    secret: StackSecret
    token: str
    """The name of the token at Cloudflare."""
    open_storage: Callable[[Mapping[str, str]], Any]
    """Makes an S3 client of R2 with a key pair."""
    sleep: Callable[[float], None]
    name: str = "R2 key"

    def look(self) -> Sequence[PlannedChange]:
        """Check whether the secret holds a key pair that works."""
        members = self.members()
        if members is not None:
            if not self._fault(members):
                return []
            if not self._is_of(members):
                self.secret.require_own()
        action = Action.ADD if members is None else Action.CHANGE
        objects = f"the objects of {' and '.join(self.r2.settings.buckets)}"
        text = f"token {self.token!r}: read and write {objects} → secret {self.secret.name}"
        return [PlannedChange(self.name, action, text)]

    def act(self) -> None:
        """Create the token, write the secret, and wait until R2 accepts the key pair."""
        self.replace(keep=())

    @property
    def tokens(self) -> AccountTokens:
        """The tokens of the account."""
        return AccountTokens(self.r2.api)

    def members(self) -> dict[str, Any] | None:
        """Return the members of the secret; None if there is none."""
        return Secrets(self.account).read(self.secret.name)

    def replace(self, *, keep: Collection[str]) -> None:
        """As `act`; tokens with the ids in `keep` stay valid."""
        settings = self.r2.settings
        resources = [f"{settings.account}_{settings.jurisdiction}_{bucket}" for bucket in settings.buckets]
        token = self.tokens.create(
            self.token, group=BUCKET_GROUP, scope=BUCKET_SCOPE, resources=resources, keep=keep
        )
        members = {
            "access_key_id": str(token["id"]),
            "secret_access_key": hashlib.sha256(str(token["value"]).encode()).hexdigest(),
        }
        Secrets(self.account).write(self.secret.name, members)
        waited = 0
        while fault := self._fault(members):
            if waited >= NEW_TOKEN_SECONDS:
                raise Unavailable(f"R2 does not accept the new key pair: {fault} Run the command again.")
            self.sleep(POLL_SECONDS)
            waited += POLL_SECONDS

    def _fault(self, members: dict[str, Any]) -> str:
        """Why the key pair cannot list the buckets; empty if it can."""
        if not is_key_pair(members):
            return "the secret lacks a member."
        storage = self.open_storage(members)
        try:
            faults = [key_fault(storage, bucket) for bucket in self.r2.settings.buckets]
        except NotFound as missing:
            return missing.message
        return next(filter(None, faults), "")

    def _is_of(self, members: dict[str, Any]) -> bool:
        """Whether a run for this deployment made the key pair, so that no other store can use it."""
        return members.get("access_key_id") in {each["id"] for each in self.tokens.of_name(self.token)}


@dataclass(frozen=True, slots=True)
class PurgeToken:
    """A token that may purge the cache of the public domain's zone and nothing else."""

    r2: R2Account
    account: Account
    zone: str
    secret: StackSecret
    token: str
    name: str = "purge token"

    def look(self) -> Sequence[PlannedChange]:
        """Check whether the secret holds an active token."""
        members = Secrets(self.account).read(self.secret.name)
        if members is not None:
            if self._is_active(members):
                return []
            self.secret.require_own()
        action = Action.ADD if members is None else Action.CHANGE
        cache = f"the cache of {self.r2.settings.public_domain}'s zone"
        text = f"token {self.token!r}: purge {cache} → secret {self.secret.name}"
        return [PlannedChange(self.name, action, text)]

    def act(self) -> None:
        """Create the token and write the secret."""
        token = AccountTokens(self.r2.api).create(
            self.token, group=ZONE_GROUP, scope=ZONE_SCOPE, resources=[self.zone]
        )
        Secrets(self.account).write(self.secret.name, {"api_token": str(token["value"])})

    def _is_active(self, members: dict[str, Any]) -> bool:
        value = members.get("api_token")
        if not isinstance(value, str) or not value:
            return False
        api = self.r2.api.with_token(value)
        for path in (f"/accounts/{api.account}/tokens/verify", "/user/tokens/verify"):
            try:
                return bool((api.call("GET", path) or {}).get("status") == "active")
            except CloudflareRefused as refused:
                if refused.may_pass:
                    raise
        return False
