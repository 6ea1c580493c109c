"""Reads requests about webhooks, and builds the responses. Only `created` and `rotated` show a secret."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.events.event import event_body
from image_store.domain.times import rfc3339
from image_store.domain.webhooks.deliveries import Attempt, EventDelivery, Replay
from image_store.domain.webhooks.webhook import USUAL_OVERLAP
from image_store.entrypoints.http.request import JSON, Request
from image_store.entrypoints.webhooks.schemas import (
    WebhookDeliveriesQuery,
    WebhookPatch,
    WebhookReplayRequest,
    WebhookRequest,
    WebhookRotationRequest,
)
from image_store.services.webhooks.administration import (
    DeliveryQuery,
    IssuedWebhook,
    NewWebhook,
    ReplayRequest,
    WebhookView,
)
from image_store.services.webhooks.replaying import reached_at

_NOT_STORED = {"Cache-Control": "private, no-store"}


def read_new(request: Request) -> NewWebhook:
    """Read the request to create a webhook."""
    body = request.json(WebhookRequest)
    types = frozenset(body.types) if body.types is not None else None
    return NewWebhook(url=body.url, types=types, description=body.description, scope=body.scope)


def read_changes(request: Request) -> dict[str, Any]:
    """Read the changes of a merge patch; only fields that were sent are in it."""
    return request.json(WebhookPatch, media_types=("application/merge-patch+json", JSON)).changes


def read_overlap(request: Request) -> timedelta:
    """Read how long an old secret signs too; a request without a body has the usual time."""
    return request.json(WebhookRotationRequest).overlap if request.body else USUAL_OVERLAP


def read_replay(request: Request) -> ReplayRequest:
    """Read what is to be sent again."""
    body = request.json(WebhookReplayRequest)
    return ReplayRequest(event_id=body.event_id, after=body.after, until=body.until)


def read_deliveries(request: Request, webhook_id: str) -> DeliveryQuery:
    """Read which deliveries to list."""
    query = request.query(WebhookDeliveriesQuery)
    return DeliveryQuery(webhook_id=webhook_id, status=query.status, cursor=query.cursor, limit=query.limit)


def created(issued: IssuedWebhook, *, api_url: str) -> "Response[str]":
    """201 with the new webhook and its secret, and its address in `Location`."""
    headers = {"Location": f"{api_url}/v1/webhooks/{issued.view.webhook.id}"}
    return _answer(201, _webhook(issued.view) | {"secret": issued.secret}, headers)


def rotated(issued: IssuedWebhook) -> "Response[str]":
    """200 with a webhook and its new secret."""
    return _answer(200, _webhook(issued.view) | {"secret": issued.secret})


def shown(view: WebhookView) -> "Response[str]":
    """200 with a webhook, without its secret."""
    return _answer(200, _webhook(view))


def webhook_list(views: Sequence[WebhookView]) -> "Response[str]":
    """All webhooks of an owner."""
    return _answer(200, {"items": [_webhook(each) for each in views]})


def accepted(delivery: EventDelivery) -> "Response[str]":
    """202 with a delivery that is on its way."""
    return _answer(202, _delivery(delivery))


def replaying(replay: ReplayRequest) -> "Response[str]":
    """202 with what is sent again."""
    body = {
        "event_id": replay.event_id,
        "after": _time(replay.after),
        "until": _time(replay.until),
        "failed": replay.is_of_failed,
    }
    return _answer(202, body)


def delivery_page(deliveries: Sequence[EventDelivery], next_cursor: str | None) -> "Response[str]":
    """A page of deliveries."""
    return _answer(200, {"items": list(map(_delivery, deliveries)), "next_cursor": next_cursor})


def _webhook(view: WebhookView) -> dict[str, Any]:
    webhook = view.webhook
    return {
        "id": webhook.id,
        "url": webhook.url,
        "types": sorted(webhook.types) if webhook.types is not None else None,
        "description": webhook.description,
        "scope": webhook.scope.value,
        "enabled": webhook.is_enabled,
        "disabled_reason": webhook.disabled_reason.value if webhook.disabled_reason is not None else None,
        "failing_since": _time(view.failing_since),
        "created_at": rfc3339(webhook.created_at),
        "created_by": webhook.created_by,
        "updated_at": rfc3339(webhook.updated_at),
        "previous_secret_until": _time(view.overlap_end),
        "replay": _progress(view.replay) if view.replay is not None else None,
    }


def _progress(replay: Replay) -> dict[str, Any]:
    return {
        "created_at": rfc3339(replay.created_at),
        "after": _time(replay.after),
        "until": _time(replay.until),
        "reached_at": _time(reached_at(replay)),
    }


def _delivery(delivery: EventDelivery) -> dict[str, Any]:
    return {
        "event": event_body(delivery.event),
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "created_at": rfc3339(delivery.created_at),
        "last_attempt": _attempt(delivery.last_attempt) if delivery.last_attempt is not None else None,
        "next_attempt_at": _time(delivery.next_attempt_at),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": rfc3339(attempt.at),
        "duration_ms": attempt.duration_ms,
        "status": attempt.status,
        "error": attempt.error,
    }


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> "Response[str]":
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status, JSON, text, headers=_NOT_STORED | (headers or {}))
