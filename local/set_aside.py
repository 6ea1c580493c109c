"""Copies of objects that are newer than the last save of the table, and therefore unknown to it.

After a kill, cleanup treats such objects as garbage. But clients got a success response for them, so their bytes stay
in the state folder until a person deletes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RESOLUTION = timedelta(seconds=2)
"""Times of objects have whole seconds, and an object may be slightly older than its record."""
STORED = {"ready", "trashed"}
KEY_SEGMENTS = 3
"""The last segments of a private key: image, attempt, rendition."""


@dataclass(frozen=True)
class Copy:
    """One object and the path of its copy."""

    bucket: str
    key: str
    path: Path


def copy_newer(storage: Any, buckets: Sequence[str], *, than: datetime, folder: Path) -> list[Copy]:
    """Copy every object that is newer than a time into a folder, and return the copies."""
    copies = []
    for bucket, key in newer_objects(storage, buckets, than=than):
        path = folder / bucket / key
        if not path.resolve().is_relative_to((folder / bucket).resolve()):  # a key may contain `..`
            path = folder / bucket / key.replace("/", "%2F")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for chunk in storage.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks():
                file.write(chunk)
        copies.append(Copy(bucket, key, path))
    return copies


def newer_objects(storage: Any, buckets: Sequence[str], *, than: datetime) -> Iterator[tuple[str, str]]:
    """List bucket and key of the objects that are newer than a time."""
    for bucket in buckets:
        for page in storage.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                if item["LastModified"] >= than - RESOLUTION:
                    yield bucket, item["Key"]


def drop_unneeded(
    copies: Sequence[Copy], *, storage: Any, table: Any, table_name: str, folder: Path
) -> list[Copy]:
    """Delete the copies of objects that are in use, and return the remaining ones."""
    remaining = []
    for copy in copies:
        if exists(storage, copy) and belongs_to_an_image(table, table_name, copy):
            copy.path.unlink()
        else:
            remaining.append(copy)
    for empty in sorted(folder.rglob("*"), reverse=True):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    return remaining


def exists(storage: Any, copy: Copy) -> bool:
    """Return whether the object of a copy is still in its bucket."""
    try:
        storage.head_object(Bucket=copy.bucket, Key=copy.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def belongs_to_an_image(table: Any, table_name: str, copy: Copy) -> bool:
    """Return whether a key belongs to a stored image; true for keys without an image, which sweeps leave alone.

    An object whose upload was not saved as finished still exists, but cleanup removes it after its deadline.
    """
    segments = copy.key.split("/")
    if len(segments) < KEY_SEGMENTS or segments[0] in {"p", "staging"}:
        return True
    image_id, attempt = segments[-3:-1]
    key = {"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "META"}}
    record = table.get_item(TableName=table_name, Key=key, ConsistentRead=True).get("Item")
    if record is None:
        return True
    state, current_attempt = (record.get(name, {}).get("S") for name in ("state", "attempt"))
    return state in STORED and current_attempt == attempt
