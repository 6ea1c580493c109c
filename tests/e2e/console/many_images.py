"""What the API answers somebody with very many images, computed: the list, its months, and one image."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

NEWEST = datetime(2026, 11, 20, 12, tzinfo=UTC)
SIZES = [(300, 200), (200, 300), (400, 300), (300, 300), (160, 300), (500, 250)]
LIST = re.compile(r"/v1/images\?")
TIMELINE = re.compile(r"/v1/timeline")
ONE = re.compile(r"/v1/images/([0-9a-f-]{36})$")
PICTURE = "/assets/mark.svg"
"""The picture of every image: one that the browser has already."""


class ManyImages:
    """So many images at even distances, the newest first; `requests` are the queries of the list."""

    def __init__(
        self, number: int, *, apart: timedelta = timedelta(hours=1), counted: int | None = None
    ) -> None:
        self.number = number
        self.apart = apart
        self.requests: list[dict[str, str]] = []
        self._counted = number if counted is None else counted

    def put_into(self, page: Page) -> None:
        """Answer the routes in a page."""
        page.route(LIST, self._list)
        page.route(TIMELINE, self._timeline)
        page.route(ONE, self._one)

    def time_of(self, index: int) -> datetime:
        """When an image was made."""
        return NEWEST - index * self.apart

    def id_of(self, index: int) -> str:
        """Its id, which begins with that time."""
        time = f"{round(self.time_of(index).timestamp() * 1000):012x}"
        return f"{time[:8]}-{time[8:]}-7000-8000-{index:012x}"

    def card(self, index: int) -> dict[str, Any]:
        """What a list shows of it."""
        width, height = SIZES[index % len(SIZES)]
        return {
            "id": self.id_of(index),
            "kind": "upload",
            "visibility": "private",
            "filename": f"{index}.jpg",
            "content_type": "image/jpeg",
            "size_bytes": 1_000 + index,
            "width": width,
            "height": height,
            "alt_text": f"Picture {index}",
            "placeholder": {"blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "color": "#8899aa"},
            "thumb_url": PICTURE,
            "created_at": self.time_of(index).isoformat().replace("+00:00", "Z"),
        }

    @cached_property
    def months(self) -> list[dict[str, Any]]:
        """The timeline."""
        days: dict[str, dict[str, int]] = defaultdict(dict)
        index = 0
        while index < self._counted:
            time = self.time_of(index)
            midnight = time.replace(hour=0, minute=0, second=0)
            after = min(self._counted, (NEWEST - midnight) // self.apart + 1)
            days[f"{time:%Y-%m}"][f"{time:%d}"] = after - index
            index = after
        return [{"month": month, "images": sum(some.values()), "days": some} for month, some in days.items()]

    def _list(self, route: Route) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        self.requests.append(query)
        first, end = 0, self.number
        if "to" in query:
            age = NEWEST - datetime.fromisoformat(query["to"])
            first = max(0, age // self.apart + 1)
        if "from" in query:
            end = min(end, (NEWEST - datetime.fromisoformat(query["from"])) // self.apart + 1)
        first = max(first, int(query.get("cursor", "0")))
        after = min(end, first + int(query["limit"]))
        items = [self.card(index) for index in range(first, after)]
        answer = {"items": items, "next_cursor": str(after) if after < end else None}
        route.fulfill(json=answer)

    def _timeline(self, route: Route) -> None:
        route.fulfill(
            body=json.dumps({"items": self.months, "next_cursor": None}), content_type="application/json"
        )

    def _one(self, route: Route) -> None:
        match = ONE.search(urlsplit(route.request.url).path)
        assert match is not None
        card = self.card(int(match[1][-12:], 16))
        shown = {
            "url": card["thumb_url"],
            "content_type": "image/jpeg",
            "width": 300,
            "height": 200,
            "size_bytes": 900,
        }
        whole = {
            **card,
            "status": "ready",
            "sha256": "0" * 64,
            "title": None,
            "alt_text_source": "given",
            "category": None,
            "tags": [],
            "rating": None,
            "groups": {},
            "generation": None,
            "analysis": None,
            "metadata": {},
            "url": "/",
            "public_url": None,
            "renditions": {"thumb": shown, "display": shown},
            "updated_at": card["created_at"],
            "expires_at": None,
            "warnings": [],
        }
        route.fulfill(json=whole)
