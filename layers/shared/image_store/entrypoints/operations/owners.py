"""Builds the response with owners."""

import json
from collections.abc import Sequence

from aws_lambda_powertools.event_handler import Response

from image_store.entrypoints.http.request import JSON


def owners_answer(owners: Sequence[str], next_cursor: str | None) -> "Response[str]":
    """200 with a page of owners."""
    body = {"items": [{"owner_id": owner} for owner in owners], "next_cursor": next_cursor}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(200, JSON, text, headers={"Cache-Control": "private, no-store"})
