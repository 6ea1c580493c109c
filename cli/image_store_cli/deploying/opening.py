"""Opens the accounts of a deployment: AWS by its usual credentials, Cloudflare by an API token that nothing keeps."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from image_store_cli.commands.doctor import print_check
from image_store_cli.deploying.cloudflare_api import BASE_VARIABLE, DEFAULT_BASE, CloudflareApi
from image_store_cli.deploying.compatible import StoreAccess
from image_store_cli.deploying.compatible_parts import CompatibleParts
from image_store_cli.deploying.public_domain import find_zone
from image_store_cli.deploying.r2 import R2Account
from image_store_cli.deploying.r2_parts import Names, R2Parts
from image_store_cli.deploying.s3_parts import S3Parts
from image_store_cli.deploying.stack import Formation
from image_store_cli.deploying.stack_secrets import secret_of
from image_store_cli.deploying.store_file import CompatibleSettings, S3Settings
from image_store_cli.errors import UsageError
from image_store_cli.settings.command_settings import AwsAccess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from image_store_cli.aws import Account
    from image_store_cli.context import Context
    from image_store_cli.deploying.plan import Parts
    from image_store_cli.deploying.store_file import R2Settings, StoreFile

TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of the variable
KEY_VARIABLES = ("STORE_ACCESS_KEY_ID", "STORE_SECRET_ACCESS_KEY")


@contextmanager
def only_one_at_a_time(path: Path) -> Iterator[None]:
    """Let one run work on a file; UsageError for a second one, which would make the same things."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"Another command works on {path} now: wait until it has ended.") from None
        yield
    finally:
        os.close(descriptor)


def open_aws(context: Context, store: StoreFile) -> Account:
    """Return the AWS account of a deployment."""
    return context.open_account(AwsAccess(stack=store.stack, region=store.region, profile=store.aws_profile))


def open_formation(context: Context, account: Account, store: StoreFile) -> Formation:
    """Return CloudFormation's view of the stack."""
    return Formation(account.client("cloudformation"), store.stack, context.sleep, context.out.note)


def open_parts(context: Context, account: Account, store: StoreFile, aws_account: str) -> Parts:
    """Return the parts of a deployment beside its stack; for R2 this looks up the zone of the public domain."""
    if isinstance(store.place, S3Settings):
        return S3Parts(store, account, store.place, aws_account)
    if isinstance(store.place, CompatibleSettings):
        return _open_compatible(context, account, store, store.place)
    r2 = open_r2(context, store.place)
    zone = find_zone(r2) if store.place.public_domain else ""
    return R2Parts(store, account, r2, Names(store, aws_account), zone, context.sleep)


def _open_compatible(
    context: Context, account: Account, store: StoreFile, settings: CompatibleSettings
) -> CompatibleParts:
    def open_storage(members: Mapping[str, str]) -> Any:
        return account.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=members["access_key_id"],
            aws_secret_access_key=members["secret_access_key"],
        )

    access = StoreAccess(
        settings,
        account,
        secret_of(store, "R2SecretName", "r2"),
        open_storage,
        lambda: ask_for_key_pair(context, settings.endpoint),
    )
    return CompatibleParts(store, access, context.out.note, lambda finding: print_check(context, finding))


def ask_for_key_pair(context: Context, endpoint: str) -> tuple[str, str]:
    """Return a key pair of a store from the environment, or the person at the terminal."""
    access_key, secret_key = (context.environment.get(name, "").strip() for name in KEY_VARIABLES)
    if not (access_key and secret_key):
        if not context.stdin.isatty():
            raise UsageError(f"Set {' and '.join(KEY_VARIABLES)} to a key pair of {endpoint}.")
        access_key = context.prompt(f"Access key id of {endpoint}: ").strip()
        secret_key = context.ask_secret("Its secret (not shown, kept in AWS Secrets Manager only): ").strip()
    if not (access_key and secret_key):
        raise UsageError(f"There is no key pair of {endpoint}.")
    return access_key, secret_key


def open_r2(context: Context, settings: R2Settings) -> R2Account:
    """Return the Cloudflare account; its token comes from the environment or the person at the terminal."""
    token = context.environment.get(TOKEN_VARIABLE, "").strip()
    if not token:
        if not context.stdin.isatty():
            raise UsageError(f"Set {TOKEN_VARIABLE} to an API token of Cloudflare: {token_link(settings)}")
        context.out.note(f"Create an API token for this deployment: {token_link(settings)}")
        token = context.ask_secret("Cloudflare API token (not shown, not stored): ")
        if not token:
            raise UsageError("There is no API token of Cloudflare.")
    api = CloudflareApi(
        token,
        account=settings.account,
        http=context.http,
        sleep=context.sleep,
        base=context.environment.get(BASE_VARIABLE) or DEFAULT_BASE,
        note=context.out.note,
    )
    return R2Account(api, settings)


def token_link(settings: R2Settings) -> str:
    """Return the address of Cloudflare's dashboard where a token with the needed permissions is prepared."""
    groups = [{"key": "workers_r2", "type": "edit"}, {"key": "account_api_tokens", "type": "edit"}]
    if settings.public_domain:
        groups.append({"key": "zone", "type": "read"})
    if settings.purge:
        groups.append({"key": "cache", "type": "purge"})
    if settings.cache_rule:
        groups += [
            {"key": "cache_settings", "type": "edit"},
            {"key": "account_rulesets", "type": "edit"},
            {"key": "account_rule_lists", "type": "edit"},
        ]
    keys = quote(json.dumps(groups, separators=(",", ":")), safe="")
    name = quote("image-store deploy")
    return f"https://dash.cloudflare.com/?to=/:account/api-tokens&permissionGroupKeys={keys}&name={name}"
