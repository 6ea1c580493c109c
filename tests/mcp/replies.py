"""What a store answers about images and jobs."""

from __future__ import annotations

from typing import Any

from tests.python.scripted_server import Answer


def card(**changes: Any) -> dict[str, Any]:
    """An image in a list."""
    return {
        "id": "i1",
        "kind": "upload",
        "visibility": "private",
        "filename": "cat.jpg",
        "content_type": "image/jpeg",
        "size_bytes": 5,
        "width": 64,
        "height": 48,
        "title": "A cat",
        "alt_text": None,
        "tags": ["cat"],
        "created_at": "2026-03-01T12:00:00Z",
        "thumb_url": "https://storage.example/thumb?signature=secret",
    } | changes


def image(**changes: Any) -> dict[str, Any]:
    """An image."""
    return (
        card()
        | {
            "status": "ready",
            "category": None,
            "rating": None,
            "groups": {"trip": ["1"]},
            "generation": None,
            "metadata": {"order": 17},
            "public_url": None,
            "renditions": {"display": {"url": "https://storage.example/display"}},
            "updated_at": "2026-03-01T12:00:00Z",
            "expires_at": None,
            "warnings": [],
        }
        | changes
    )


def job(status: str, *items: dict[str, Any], **changes: Any) -> Answer:
    """A job; its items are given by what differs from a queued one."""
    item = {"index": 0, "status": "queued", "image_id": None, "error": None}
    return Answer(
        202,
        {
            "id": "j1",
            "status": status,
            "items": [item | each for each in items],
            "cost_usd": None,
            "provider": None,
            "model": None,
            "progress": {"total": len(items), "succeeded": 0, "failed": 0},
            "created_at": "2026-03-01T12:00:00Z",
            "updated_at": "2026-03-01T12:00:00Z",
        }
        | changes,
    )
