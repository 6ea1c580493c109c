"""Reads changes of API keys, upload tokens, shares and webhooks from records of the table's stream."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from image_store.adapters.dynamodb import caller_keys as keys
from image_store.adapters.dynamodb import webhook_keys
from image_store.adapters.dynamodb.callers.api_keys import key_of
from image_store.adapters.dynamodb.callers.upload_tokens import token_of
from image_store.adapters.dynamodb.delivery.shares import share_of
from image_store.adapters.dynamodb.items import Item
from image_store.adapters.dynamodb.webhooks.registry import webhook_of
from image_store.domain.callers.actor import Actor
from image_store.domain.operations.audit import (
    KeyAuditEntry,
    ShareAuditEntry,
    UploadTokenAuditEntry,
    WebhookAuditEntry,
)


def key_change_of(stream_record: dict[str, Any]) -> KeyAuditEntry | None:
    """The change in a stream record, as an audit entry; None for a stream record about another kind of row."""
    is_about_key = keys.id_of_api_key(stream_record["dynamodb"]["Keys"]) is not None
    return KeyAuditEntry(**_change(stream_record, key_of)) if is_about_key else None


def share_change_of(stream_record: dict[str, Any]) -> ShareAuditEntry | None:
    """The same for a share."""
    is_about_share = keys.is_share(stream_record["dynamodb"]["Keys"])
    return ShareAuditEntry(**_change(stream_record, share_of)) if is_about_share else None


def upload_token_change_of(stream_record: dict[str, Any]) -> UploadTokenAuditEntry | None:
    """The same for an upload token."""
    is_about_token = keys.is_upload_token(stream_record["dynamodb"]["Keys"])
    return UploadTokenAuditEntry(**_change(stream_record, token_of)) if is_about_token else None


def webhook_change_of(stream_record: dict[str, Any]) -> WebhookAuditEntry | None:
    """The same for a webhook."""
    is_about_webhook = webhook_keys.is_webhook(stream_record["dynamodb"]["Keys"])
    return WebhookAuditEntry(**_change(stream_record, webhook_of)) if is_about_webhook else None


def _change(stream_record: dict[str, Any], read: Callable[[Item], Any]) -> dict[str, Any]:
    """The fields that all audit entries have."""
    stream = stream_record["dynamodb"]
    before, after = stream.get("OldImage"), stream.get("NewImage")
    return {
        "event_id": stream_record["eventID"],
        "at": datetime.fromtimestamp(stream["ApproximateCreationDateTime"], UTC),
        "before": read(before) if before else None,
        "after": read(after) if after else None,
        "actor": _actor_of(after) if after else None,
    }


def _actor_of(item: Item) -> Actor | None:
    """The actor of the change in an item; None for an item that names none."""
    if "by" not in item:
        return None
    name, _, request_id = item["by"]["S"].rpartition(" ")
    return Actor(name, request_id)
