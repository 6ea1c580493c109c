"""Tries the store of backups: whether the functions can read and write it, and whether a rule would delete backups."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from image_store_cli.aws import call_operation, is_refused
from image_store_cli.errors import Broken, CommandError, NotFound

if TYPE_CHECKING:
    from image_store_cli.doctor.results import CheckResults

BUCKET_MEND = (
    "Check BackupStore, BackupEndpoint and BackupRegion, and that the keys of the backup may read, write, list and "
    "delete objects of this bucket."
)
UNUSABLE = "Choose another BackupStore: docs/recovery.md says what it must be able to do."
LIFECYCLE_MEND = "Remove the rule: the backup deletes by itself what BackupRetentionDays no longer keeps."
_PRECONDITION_FAILED = frozenset({409, 412})
_WRITTEN, _OTHER = b"written by image-store doctor", b"other bytes of the same size!"


def check_backup_store(
    findings: CheckResults, client: Any, *, bucket: str, stack: str, tries_store: bool
) -> None:
    """Check the bucket of backups; `tries_store` writes an object below the stack's name and deletes it."""
    with findings.checking("backup store", BUCKET_MEND):
        call_operation(client, "list_objects_v2", Bucket=bucket, Prefix=f"{stack}/", MaxKeys=1)
        findings.ok("backup store", f"{bucket} can be read")
    if findings.is_wrong("backup store"):
        return
    if tries_store:
        with findings.checking("backup writes", UNUSABLE):
            _write(client, bucket, f"{stack}/doctor/{uuid.uuid4().hex}")
            findings.ok("backup writes", "an object is never replaced")
    _check_lifecycle(findings, client, bucket=bucket, folder=f"{stack}/")


def _write(client: Any, bucket: str, key: str) -> None:
    place = {"Bucket": bucket, "Key": key}
    call_operation(client, "put_object", **place, Body=_WRITTEN, IfNoneMatch="*")
    try:
        if not is_refused(client, "put_object", _PRECONDITION_FAILED, **place, Body=_OTHER, IfNoneMatch="*"):
            raise Broken("A PUT with `If-None-Match: *` replaced an object.")
        if call_operation(client, "get_object", **place)["Body"].read() != _WRITTEN:
            raise Broken("A PUT that was refused changed the object all the same.")
    finally:
        call_operation(client, "delete_object", **place)


def _check_lifecycle(findings: CheckResults, client: Any, *, bucket: str, folder: str) -> None:
    try:
        rules = call_operation(client, "get_bucket_lifecycle_configuration", Bucket=bucket).get("Rules", [])
    except NotFound:
        rules = []
    except CommandError as refused:
        findings.skip("backup lifecycle", f"the rules could not be read: {refused.message}")
        return
    if any(_deletes(rule, folder) for rule in rules):
        findings.wrong("backup lifecycle", f"a rule deletes objects of {bucket} by their age", LIFECYCLE_MEND)
    else:
        findings.ok("backup lifecycle", "no rule deletes backups")


def _deletes(rule: dict[str, Any], folder: str) -> bool:
    """Whether a rule deletes current objects below a folder, or some of them."""
    if rule.get("Status") != "Enabled" or not {"Days", "Date"} & rule.get("Expiration", {}).keys():
        return False
    filters = rule.get("Filter", {})
    prefix = rule.get("Prefix") or filters.get("Prefix") or filters.get("And", {}).get("Prefix") or ""
    return bool(folder.startswith(prefix) or prefix.startswith(folder))
