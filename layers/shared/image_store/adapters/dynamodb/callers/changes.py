"""Reads changes of API keys, upload tokens and shares from records of the table's stream."""

from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb.callers.api_keys import key_of
from image_store.adapters.dynamodb.callers.upload_tokens import token_of
from image_store.adapters.dynamodb.delivery.shares import share_of
from image_store.adapters.dynamodb.items import Item
from image_store.domain.callers.actor import Actor
from image_store.domain.operations.audit import KeyAuditEntry, ShareAuditEntry, UploadTokenAuditEntry


def key_change_of(stream_record: dict[str, Any]) -> KeyAuditEntry | None:
    """The change in a stream record, as an audit entry; None for a stream record about another kind of row."""
    stream = stream_record["dynamodb"]
    if keys.id_of_api_key(stream["Keys"]) is None:
        return None
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return KeyAuditEntry(
        event_id=stream_record["eventID"],
        at=datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        before=key_of(before) if before else None,
        after=key_of(after) if after else None,
        actor=_actor_of(after) if after else None,
    )


def share_change_of(stream_record: dict[str, Any]) -> ShareAuditEntry | None:
    """The change in a stream record, as an audit entry; None for a stream record about another kind of row."""
    stream = stream_record["dynamodb"]
    if not keys.is_share(stream["Keys"]):
        return None
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return ShareAuditEntry(
        event_id=stream_record["eventID"],
        at=datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        before=share_of(before) if before else None,
        after=share_of(after) if after else None,
        actor=_actor_of(after) if after else None,
    )


def upload_token_change_of(stream_record: dict[str, Any]) -> UploadTokenAuditEntry | None:
    """The change in a stream record, as an audit entry; None for a stream record about another kind of row."""
    stream = stream_record["dynamodb"]
    if not keys.is_upload_token(stream["Keys"]):
        return None
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return UploadTokenAuditEntry(
        event_id=stream_record["eventID"],
        at=datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        before=token_of(before) if before else None,
        after=token_of(after) if after else None,
        actor=_actor_of(after) if after else None,
    )


def _actor_of(item: Item) -> Actor | None:
    """The actor of the change in an item; None for an item that names none."""
    if "by" not in item:
        return None
    name, _, request_id = item["by"]["S"].rpartition(" ")
    return Actor(name, request_id)
