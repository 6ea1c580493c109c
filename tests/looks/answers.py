"""What the played store answers beside its images: always the same, in the shapes of the API."""

from __future__ import annotations

from typing import Any

from tests.e2e.console.stand_ins import JOB_ID, PROMPTS, PROVIDERS, job, statistics
from tests.looks.played_store import NOW, Pictures

IMAGES = Pictures.usual()
ALBUMS = [
    ("album:01ja", "Summer at the lake", 184, 3),
    ("album:01jb", "Winter", 23, 7),
    ("album:flowers", None, 4, 11),
    ("album:01jc", "Nothing in it yet", 0, None),
]
TAGS = [("boat", 31), ("forest", 8), ("harbour", 112), ("lighthouse", 57), ("night", 3)]


def group(name: str, title: str | None, images: int, cover: int | None) -> dict[str, Any]:
    """A group as the list has it."""
    kind, _, group_id = name.partition(":")
    card = IMAGES.card(cover) if cover is not None else None
    shown = ("id", "thumb_url", "placeholder", "width", "height")
    return {
        "group": name,
        "type": kind,
        "id": group_id,
        "title": title,
        "images": images,
        "newest_at": card["created_at"] if card else None,
        "cover": {key: card[key] for key in shown} if card else None,
    }


def page(items: list[Any]) -> dict[str, Any]:
    """The only page of a list."""
    return {"items": items, "next_cursor": None}


GROUPS = {"/v1/groups": page([group(*album) for album in ALBUMS])}
ALBUM = {
    **GROUPS,
    "/v1/groups/album%3A01ja": group(*ALBUMS[0]),
    "/v1/groups/album:01ja": group(*ALBUMS[0]),
}
ALL_TAGS = {"/v1/tags": page([{"tag": tag, "images": images, "newest_at": NOW} for tag, images in TAGS])}
GENERATING = {"/v1/providers": PROVIDERS, "/v1/generations": page([])}
JOB = {
    f"/v1/generations/{JOB_ID}": job(
        "partial",
        [
            {
                "index": index,
                "request_index": index,
                "prompt": PROMPTS[index],
                "status": "succeeded" if index < 2 else "failed",
                "attempts": 1,
                "provider": "google",
                "model": "gemini-3-pro-image",
                "duration_ms": 7_300 + index,
                "cost_usd": 0.134 if index < 2 else None,
                "image_id": IMAGES.id_of(index) if index < 2 else None,
                "error": None
                if index < 2
                else {"code": "provider_failed", "detail": "The provider refused."},
            }
            for index in range(3)
        ],
    )
}
KEYS = {
    "/v1/keys": page(
        [
            {
                "id": f"key{number}",
                "name": name,
                "owner": "anna",
                "prefix": f"isk_{number}",
                "scopes": ["read", "write"],
                "limits": {},
                "created_at": NOW,
                "created_by": "anna",
                "expires_at": None,
                "last_used_at": NOW if number else None,
                "revoked_at": None,
                "status": "active",
            }
            for number, name in enumerate(["Website", "Nightly job"])
        ]
    )
}
STATISTICS = {"/v1/stats": statistics()}
SHARED = {
    "/v1/shares": page(
        [
            {
                "id": f"share{number}",
                "name": name,
                "image_id": None,
                "group": place,
                "all": place is None,
                "presets": None,
                "created_at": NOW,
                "created_by": "anna",
                "expires_at": "2026-12-24T12:00:00Z",
                "revoked_at": None,
                "last_used_at": NOW,
                "status": "active",
                "url_prefix": "https://images.example/s/abc",
            }
            for number, (name, place) in enumerate([("For grandma", "album:01ja"), ("The whole house", None)])
        ]
    )
}
ACCOUNT = {**KEYS, **STATISTICS, **SHARED, **GENERATING, "/v1/events": page([]), "/v1/webhooks": page([])}
