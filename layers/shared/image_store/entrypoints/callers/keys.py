"""Reads requests about API keys, and builds the responses. Only `created` and `rotated` show a key."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.callers.api_keys import USUAL_GRACE, ApiKey
from image_store.domain.callers.key_limits import NO_LIMITS, KeyLimits
from image_store.domain.callers.key_usage import KeyDay
from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.money import usd
from image_store.domain.times import rfc3339
from image_store.entrypoints.callers.request_schemas import (
    ApiKeyPatch,
    ApiKeyRequest,
    ApiKeysQuery,
    KeyLimitsFields,
    KeyRotationRequest,
    KeyUsageQuery,
)
from image_store.entrypoints.http.request import JSON, Request
from image_store.services.callers.key_administration import KeyList, KeyRequest

_NOT_STORED = {"Cache-Control": "private, no-store"}


def read_new_key(request: Request) -> KeyRequest:
    """Read the request to create a key."""
    body = request.json(ApiKeyRequest)
    return KeyRequest(
        name=body.name,
        scopes=frozenset(body.scopes),
        owner=body.owner,
        expires_at=body.expires_at,
        limits=KeyLimits(**body.limits.sent) if body.limits is not None else NO_LIMITS,
    )


def read_list(request: Request) -> tuple[KeyList, dict[str, Any]]:
    """Read which keys to list, and which page of them: `cursor` and `limit`."""
    query = request.query(ApiKeysQuery)
    if query.all_owners and query.owner is not None:
        raise InvalidRequest("Send owner or all_owners, not both.")
    key_list = KeyList(None if query.all_owners else query.owner or request.owner)
    return key_list, {"cursor": query.cursor, "limit": query.limit}


def read_changes(request: Request) -> dict[str, Any]:
    """Read the changes of a merge patch; only fields that were sent are in it."""
    patch = request.json(ApiKeyPatch, media_types=("application/merge-patch+json", JSON))
    changes = {name: getattr(patch, name) for name in patch.model_fields_set}
    if "scopes" in changes:
        changes["scopes"] = frozenset(patch.scopes)
    if patch.limits is not None:
        changes["limits"] = patch.limits.sent
    return changes


def read_rotation(request: Request) -> dict[str, timedelta]:
    """Read the `grace` period of a rotation; a request without a body has the usual one."""
    if not request.body:
        return {"grace": USUAL_GRACE}
    return {"grace": timedelta(seconds=request.json(KeyRotationRequest).grace_seconds)}


def read_days(request: Request) -> dict[str, date | None]:
    """Read which days of usage to return: `since`, and `until`, which is the day after the last one."""
    query = request.query(KeyUsageQuery)
    return {"since": query.first_day, "until": query.end_day}


def created(key: ApiKey, text: str, *, now: datetime, api_url: str) -> "Response[str]":
    """201 with the new key and its text, and its address in `Location`."""
    headers = {"Location": f"{api_url}/v1/keys/{key.id}"}
    return _answer(201, _view(key, now) | {"key": text}, headers)


def rotated(key: ApiKey, text: str, *, now: datetime) -> "Response[str]":
    """200 with the key and its new text."""
    return _answer(200, _view(key, now) | {"key": text})


def shown(key: ApiKey, *, now: datetime) -> "Response[str]":
    """200 with a key, without its text."""
    return _answer(200, _view(key, now))


def page(keys: Sequence[ApiKey], next_cursor: str | None, *, now: datetime) -> "Response[str]":
    """A page of keys."""
    return _answer(200, {"items": [_view(key, now) for key in keys], "next_cursor": next_cursor})


def usage(days: Sequence[KeyDay]) -> "Response[str]":
    """200 with the usage of a key by day, and its sums."""
    counted = [day.requests for day in days if day.requests is not None]
    total = _use(
        requests=sum(counted) if counted else None,
        images=sum(day.images for day in days),
        size_bytes=sum(day.size_bytes for day in days),
        cost_micros=sum(day.cost_micros for day in days),
    )
    by_day = [
        {
            "date": day.on.isoformat(),
            **_use(
                requests=day.requests,
                images=day.images,
                size_bytes=day.size_bytes,
                cost_micros=day.cost_micros,
            ),
        }
        for day in days
    ]
    return _answer(200, {"days": by_day, "total": total})


def _use(*, requests: int | None, images: int, size_bytes: int, cost_micros: int) -> dict[str, Any]:
    return {"requests": requests, "images": images, "size_bytes": size_bytes, "cost_usd": usd(cost_micros)}


def _view(key: ApiKey, now: datetime) -> dict[str, Any]:
    is_grace = key.previous_until is not None and key.previous_until > now
    return {
        "id": key.id,
        "name": key.name,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "status": _status(key, now),
        "created_at": rfc3339(key.created_at),
        "created_by": key.created_by,
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "last_used_at": _time(key.last_used_at),
        "limits": KeyLimitsFields.shown(key.limits),
        "previous_secret_until": _time(key.previous_until) if is_grace else None,
    }


def _status(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "active" if key.is_in_force(now) else "expired"


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> "Response[str]":
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status, JSON, text, headers=_NOT_STORED | (headers or {}))
