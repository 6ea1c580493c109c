"""Writes the audit trail to the log: a line for each change of an image, a key, an upload token, a share or a webhook.

A line is JSON. It has ids, states and numbers, and no text that a person wrote: no title, filename, tag, category,
prompt, group or name of a key or share, no URL, no token, no key and no digest of one. A change has at least one line;
all lines of a change have the same `event_id`.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from image_store.domain.callers.api_keys import ApiKey
from image_store.domain.operations.audit import (
    AnyAuditEntry,
    KeyAuditEntry,
    ShareAuditEntry,
    UploadTokenAuditEntry,
    WebhookAuditEntry,
)
from image_store.domain.times import rfc3339
from image_store.entrypoints.operations.observability import logger


def line_of(change: AnyAuditEntry) -> dict[str, Any]:
    """Make the line of a change."""
    if isinstance(change, KeyAuditEntry):
        return _line_of_key(change)
    if isinstance(change, ShareAuditEntry):
        return _line_of_share(change)
    if isinstance(change, UploadTokenAuditEntry):
        return _line_of_upload_token(change)
    if isinstance(change, WebhookAuditEntry):
        return _line_of_webhook(change)
    image = change.image
    return _line(
        change,
        {"image_id": image.id, "owner": image.owner},
        {
            "state": image.state.value if change.after else None,
            "visibility": image.visibility.value,
            "kind": image.kind.value,
            "version": image.version,
            "size_bytes": image.size_bytes,
        },
    )


def _line_of_key(change: KeyAuditEntry) -> dict[str, Any]:
    key, before = change.key, change.before
    return _line(
        change,
        {"key_id": key.id, "owner": key.owner},
        {
            **_rights_of(key),
            **({"before": _rights_of(before)} if change.actions == ("key_changed",) and before else {}),
            "version": key.version,
        },
    )


def _rights_of(key: ApiKey) -> dict[str, Any]:
    """What a key may do, and until when; limits that are not set are left out."""
    limits = asdict(key.limits)
    return {
        "scopes": sorted(key.scopes),
        "limits": {name: limit for name, limit in limits.items() if limit is not None},
        "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
    }


def _line_of_share(change: ShareAuditEntry) -> dict[str, Any]:
    share = change.share
    return _line(
        change,
        {"share_id": share.id, "owner": share.owner},
        {
            "shows": "image" if share.image_id else "group" if share.group else "all",
            "image_id": share.image_id,
            "expires_at": rfc3339(share.expires_at),
        },
    )


def _line_of_upload_token(change: UploadTokenAuditEntry) -> dict[str, Any]:
    token = change.token
    return _line(
        change,
        {"upload_token_id": token.id, "owner": token.owner},
        {
            "images": token.images,
            "max_images": token.max_images,
            "expires_at": rfc3339(token.expires_at),
        },
    )


def _line_of_webhook(change: WebhookAuditEntry) -> dict[str, Any]:
    webhook = change.webhook
    return _line(
        change,
        {"webhook_id": webhook.id, "owner": webhook.owner},
        {
            "scope": webhook.scope.value,
            "types": sorted(webhook.types) if webhook.types is not None else None,
            "disabled_reason": webhook.disabled_reason.value if webhook.disabled_reason else None,
            "version": webhook.version,
        },
    )


def _line(change: AnyAuditEntry, subject: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """A line with what every line has: what was done, when and by whom."""
    return {
        "audit": list(change.actions),
        "time": rfc3339(change.at),
        **subject,
        "by": change.actor.name if change.actor else None,
        "request_id": change.actor.request_id if change.actor else None,
        **facts,
        "event_id": change.event_id,
    }


def handle_trail(
    event: dict[str, Any], *, read: Callable[[dict[str, Any]], AnyAuditEntry | None]
) -> dict[str, Any]:
    """Write a line for each change of a batch, at every log level, and report where to retry from.

    A change that cannot be read stops the batch, so that the lines of an image keep the order of its changes.
    """
    for row in event["Records"]:
        try:
            change = read(row)
            if change is not None and change.actions:
                sys.stdout.write(f"{json.dumps(line_of(change))}\n")
        except Exception as error:
            # The text of the error may quote the row.
            logger.error("audit line not written", event_id=row["eventID"], reason=type(error).__name__)
            return {"batchItemFailures": [{"itemIdentifier": row["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
