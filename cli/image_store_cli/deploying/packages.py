"""The packaged code where CloudFormation can read it, and room in the account for the functions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from image_store_cli.aws import call_operation
from image_store_cli.errors import CommandError, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from image_store_cli.aws import Account
    from image_store_cli.deploying.checkout import Checkout
    from image_store_cli.deploying.store_file import StoreFile

BUILD_STAMP = ".built-from"
"""Beside a built template: the fingerprint of its sources, which local/build.py writes."""
RESERVATIONS = {"PublicConcurrency": 3, "RenderConcurrency": 1, "McpConcurrency": 1, "OpenAiConcurrency": 1}
"""Functions for which a parameter reserves parallel executions."""
UNRESERVED = 100
"""Lambda requires that so many of the account's parallel executions remain unreserved."""


def package(checkout: Checkout, folder: Path, account: Account, store: StoreFile, *, aws_account: str) -> str:
    """Upload the code and the template; return the template's address, from which CloudFormation reads it.

    `sam package` compresses everything anew, so its result is used again for the same build while its objects exist.
    """
    packaged = folder.parent / f"packaged-{aws_account}-{store.region}-{store.stack}.json"
    stamp = packaged.with_suffix(".from")
    current = (folder / BUILD_STAMP).read_text()
    storage = account.client("s3", read_timeout=60)
    if not (_read(stamp) == current and packaged.exists() and _has_all(storage, packaged)):
        stamp.unlink(missing_ok=True)
        checkout.package(folder, packaged, prefix=store.stack, region=store.region, profile=store.aws_profile)
        stamp.write_text(current)
    content = packaged.read_bytes()
    bucket, _ = _code_objects(json.loads(content))[0]
    key = f"{store.stack}/{hashlib.sha256(content).hexdigest()}.template"
    call_operation(storage, "put_object", Bucket=bucket, Key=key, Body=content)
    return f"{storage.meta.endpoint_url}/{bucket}/{key}"


def _has_all(storage: Any, packaged: Path) -> bool:
    """Whether every object that a packaged template names still exists."""
    try:
        for bucket, key in _code_objects(json.loads(packaged.read_bytes())):
            call_operation(storage, "head_object", Bucket=bucket, Key=key)
    except (NotFound, ValueError):
        return False
    return True


def _code_objects(template: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The buckets and keys of the code that a packaged template names; CommandError if there is none."""
    addresses = {
        resource.get("Properties", {}).get(name)
        for resource in template["Resources"].values()
        for name in ("CodeUri", "ContentUri")
    }
    parts = [urlsplit(address) for address in addresses if isinstance(address, str)]
    objects = sorted((part.netloc, part.path.lstrip("/")) for part in parts if part.scheme == "s3")
    if not objects:
        raise CommandError("`sam package` uploaded no code: its template names no bucket.")
    return objects


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def require_room(account: Account, values: Mapping[str, str]) -> None:
    """Raise UsageError if the account's limit is too small for the reservations: Lambda would refuse them half-way."""
    reserved = sum(int(float(values.get(name, "0"))) * functions for name, functions in RESERVATIONS.items())
    if not reserved:
        return
    limit = int(account.call("lambda", "get_account_settings")["AccountLimit"]["ConcurrentExecutions"])
    if limit - reserved < UNRESERVED:
        names = ", ".join(name for name in RESERVATIONS if float(values.get(name, "0")))
        raise UsageError(
            f"{names} reserve {reserved} parallel executions, and this account's limit is {limit}, of which "
            f"{UNRESERVED} must stay free. Reserve fewer, or ask AWS for a higher limit (Service Quotas, Lambda)."
        )
