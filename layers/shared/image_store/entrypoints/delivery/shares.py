"""Reads requests about shares, and builds the responses."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.times import rfc3339
from image_store.entrypoints.delivery.share_schemas import ShareRequest
from image_store.entrypoints.http.request import JSON
from image_store.services.delivery.shares import IssuedShare, NewShare

_NOT_STORED = {"Cache-Control": "no-store"}


def new_share(request: ShareRequest) -> NewShare:
    """The share that a request describes."""
    return NewShare(
        lifetime=timedelta(seconds=request.expires_in),
        image_id=request.image_id,
        group=request.group,
        presets=frozenset(request.presets or ()),
        name=request.name,
    )


def created(issued: IssuedShare, *, api_url: str) -> "Response[str]":
    """201: a new share."""
    return Response(201, JSON, json.dumps(_share(issued, api_url)), headers=_NOT_STORED)


def page(shares: Sequence[IssuedShare], next_cursor: str | None, *, api_url: str) -> "Response[str]":
    """A page of shares."""
    body = {"items": [_share(issued, api_url) for issued in shares], "next_cursor": next_cursor}
    return Response(200, JSON, json.dumps(body), headers=_NOT_STORED)


def _share(issued: IssuedShare, api_url: str) -> dict[str, Any]:
    share = issued.share
    return {
        "id": share.id,
        "url_prefix": f"{api_url}/s/{issued.token}" if issued.token is not None else None,
        "image_id": share.image_id,
        "group": share.group,
        "all": share.image_id is None and share.group is None,
        "presets": sorted(share.presets) or None,
        "name": share.name,
        "status": _status(issued),
        "created_at": rfc3339(share.created_at),
        "created_by": share.created_by,
        "expires_at": rfc3339(share.expires_at),
        "revoked_at": rfc3339(share.revoked_at) if share.revoked_at else None,
        "last_used_at": rfc3339(share.last_used_at) if share.last_used_at else None,
    }


def _status(issued: IssuedShare) -> str:
    if issued.share.revoked_at is not None:
        return "revoked"
    return "active" if issued.is_in_force else "expired"
