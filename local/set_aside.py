"""Copies of the objects that are newer than the last save of the table, which so knows nothing of them.

After a kill, cleanup takes such objects for garbage. Their clients got a success response: their bytes
stay in the state folder until a person deletes them.
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
"""The times of objects have whole seconds, and an object may be a moment older than its record."""
STORED = {"ready", "trashed"}
KEY_SEGMENTS = 3
"""Of a private key: image, attempt, rendition."""


@dataclass(frozen=True)
class Copy:
    """One object and where its copy lies."""

    bucket: str
    key: str
    path: Path


def copy_newer(storage: Any, buckets: Sequence[str], *, than: datetime, folder: Path) -> list[Copy]:
    """Copy every object that is newer than a time into a folder; answer the copies."""
    copies = []
    for bucket, key in newer_objects(storage, buckets, than=than):
        path = folder / bucket / key
        if not path.resolve().is_relative_to((folder / bucket).resolve()):  # `..` is a key like any other
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
            for found in page.get("Contents", []):
                if found["LastModified"] >= than - RESOLUTION:
                    yield bucket, found["Key"]


def drop_needless(
    copies: Sequence[Copy], *, storage: Any, table: Any, table_name: str, folder: Path
) -> list[Copy]:
    """Delete the copies of objects that are in use; answer those that stay."""
    kept = []
    for copy in copies:
        if is_there(storage, copy) and belongs_to_an_image(table, table_name, copy):
            copy.path.unlink()
        else:
            kept.append(copy)
    for empty in sorted(folder.rglob("*"), reverse=True):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    return kept


def is_there(storage: Any, copy: Copy) -> bool:
    """Tell whether the object of a copy still is in its bucket."""
    try:
        storage.head_object(Bucket=copy.bucket, Key=copy.key)
    except ClientError as missing:
        if missing.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def belongs_to_an_image(table: Any, table_name: str, copy: Copy) -> bool:
    """Tell whether a key is of a stored image; true of keys that name no image, which no sweep removes unseen.

    An object of an upload whose end was not saved is there for now, and removed when its deadline has passed.
    """
    segments = copy.key.split("/")
    if len(segments) < KEY_SEGMENTS or segments[0] in {"p", "staging"}:
        return True
    image_id, attempt = segments[-3:-1]
    key = {"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "META"}}
    record = table.get_item(TableName=table_name, Key=key, ConsistentRead=True).get("Item")
    if record is None:
        return True
    state, written = (record.get(name, {}).get("S") for name in ("state", "attempt"))
    return state in STORED and written == attempt
