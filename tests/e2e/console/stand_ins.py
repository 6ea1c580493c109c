"""What the routes answer that make and count images, in the shapes of the API: no provider is called in a test."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

PROMPTS = ["A lighthouse at dusk, watercolour", "A harbour in the rain", "A fox made of paper"]
JOB_ID = "019ca945-0a00-7000-8000-0000000000aa"
REFUSAL = "The provider's content policy refuses this prompt."


def _model(
    name: str, *sizes: str, amount: str | None, unit: str = "image", image_usd: float | None = None
) -> dict[str, Any]:
    presets = list(sizes) or ["1024x1024", "1536x1024", "1024x1536"]
    cost = image_usd if image_usd is not None else float(amount or 0)
    estimate = {
        "images": [{"sizes": presets, "quality": None, "cost_usd": cost}],
        "reference_usd": 0.002,
        "prompt_usd": 0.0,
    }
    price = {
        "unit": unit,
        "amount": amount,
        "per": 1,
        "currency": "USD",
        "valid_from": "2026-01-01",
        "source": "",
    }
    return {
        "name": name,
        "max_prompt": 4000,
        "max_references": 4,
        "sizes": list(sizes),
        "qualities": [],
        "backgrounds": ["auto", "opaque"],
        "output_formats": ["jpeg"],
        "seeds": True,
        "size_presets": presets,
        "prices": [price] if amount else [],
        "estimate": estimate if amount else None,
    }


PROVIDERS = {
    "items": [
        {
            "provider": "google",
            "configured": True,
            "own_key": False,
            "health": "ok",
            "success_rate": 0.985,
            "average_ms": 7420,
            "models": [_model("gemini-3-pro-image", "1024x1024", "1264x848", amount="0.134")],
        },
        {
            "provider": "openai",
            "configured": True,
            "own_key": True,
            "health": "degraded",
            "success_rate": 0.81,
            "average_ms": 21_300,
            "models": [_model("gpt-image-2", amount="0.042")],
        },
        {
            "provider": "cloudflare",
            "configured": True,
            "own_key": False,
            "health": "ok",
            "success_rate": 0.997,
            "average_ms": 1_180,
            "models": [_model("flux-1-schnell", amount="0.0005", unit="tile", image_usd=0.002)],
        },
        {
            "provider": "pollinations",
            "configured": False,
            "own_key": False,
            "health": "ok",
            "success_rate": None,
            "average_ms": None,
            "models": [_model("flux", amount=None)],
        },
    ],
    "prices_version": "2026-11-01",
    "spending": {
        "today": {"spent_usd": 0.42, "reserved_usd": 0.08, "budget_usd": 1.0},
        "month": {"spent_usd": 11.93, "reserved_usd": 0.08, "budget_usd": None},
    },
}


def _item(index: int, status: str, **fields: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("provider", "model", "duration_ms", "cost_usd", "image_id", "error"))
    return {
        "index": index,
        "request_index": index,
        "prompt": PROMPTS[index],
        "status": status,
        "attempts": int(status != "queued"),
        "request": None,
        **nothing,
        **fields,
    }


def request(index: int) -> dict[str, Any]:
    """How an image of the job was requested."""
    nothing = ("negative_prompt", "quality", "background", "output_format", "filename", "title", "alt_text")
    return {
        **dict.fromkeys((*nothing, "category", "cache_control", "expires_at")),
        "prompt": PROMPTS[index],
        "size": "1264x848",
        "seed": 7,
        "reference_ids": [],
        "visibility": "unlisted",
        "tags": ["paper"],
        "groups": {},
        "metadata": {},
    }


def job(status: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """A job whose progress follows from its items."""
    counts = {
        name: sum(item["status"] == name for item in items)
        for name in ("queued", "running", "succeeded", "failed", "cancelled")
    }
    return {
        "id": JOB_ID,
        "status": status,
        "progress": {"total": len(items), **counts},
        "cost_usd": sum(item["cost_usd"] or 0 for item in items) or None,
        "provider": None,
        "model": None,
        "prompt": PROMPTS[0],
        "image_id": next((item["image_id"] for item in items if item["image_id"]), None),
        "created_at": "2026-11-20T09:30:00.000Z",
        "updated_at": "2026-11-20T09:30:12.000Z",
        "items": items,
    }


class Generation:
    """The routes of generation: a job whose middle image fails at first, and is made when it is tried again."""

    def __init__(self, image_ids: list[str]) -> None:
        self._made = [
            {"provider": "google", "model": "gemini-3-pro-image", "duration_ms": 7_312 + 900 * index}
            | {"cost_usd": 0.134, "image_id": image_id}
            for index, image_id in enumerate(image_ids[: len(PROMPTS)])
        ]
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.lost_answers = 0
        self.are_prompts_sealed = False
        self._stage = 0
        self._tried_again = False

    def put_into(self, page: Page) -> None:
        """Answer the routes in a page."""
        page.route(re.compile(r"/v1/generations(\?.*)?$"), self._jobs)
        page.route(re.compile(rf"/v1/generations/{JOB_ID}(\?.*)?$"), self._job)
        page.route(re.compile(rf"/v1/generations/{JOB_ID}/retry$"), self._retry)
        page.route(re.compile(r"/v1/providers$"), lambda route: answer(route, PROVIDERS))

    def now(self) -> dict[str, Any]:
        """The job as it stands; each look finds it further."""
        self._stage += 1
        refusal = {"code": "content_refused", "detail": REFUSAL, "reason": REFUSAL, "provider": "google"}
        failed = _item(1, "failed", provider="google", model="gemini-3-pro-image", error=refusal)
        first, second, third = (
            _item(index, "succeeded", **fields) for index, fields in enumerate(self._made)
        )
        if self._tried_again:
            return job("succeeded", [first, {**second, "attempts": 2}, third])
        if self._stage == 1:
            return job(
                "running", [_item(0, "running", provider="google"), _item(1, "queued"), _item(2, "queued")]
            )
        if self._stage == 2:
            return job("running", [first, failed, _item(2, "running", provider="google")])
        return job("partial", [first, failed, third])

    def _jobs(self, route: Route) -> None:
        if route.request.method == "POST":
            self.asked.append(json.loads(route.request.post_data or "{}"))
            self.keys.append(route.request.headers["idempotency-key"])
            if self.lost_answers:
                self.lost_answers -= 1
                return route.abort()
            return answer(route, job("queued", [_item(index, "queued") for index in range(3)]), status=202)
        summary = {name: value for name, value in self.now().items() if name != "items"}
        if self.are_prompts_sealed:
            summary["prompt"] = None
        return answer(route, {"items": [summary], "next_cursor": None})

    def _job(self, route: Route) -> None:
        shown = self.now()
        if "requests=true" in route.request.url:
            shown["items"] = [{**item, "request": request(item["index"])} for item in shown["items"]]
        answer(route, shown)

    def _retry(self, route: Route) -> None:
        self._tried_again = True
        answer(
            route,
            job("running", [_item(index, "running", provider="google") for index in range(3)]),
            status=202,
        )


def statistics(*, days: int = 30) -> dict[str, Any]:
    """Figures of a store that grows, with what its images cost."""
    today = datetime.now(UTC).date()
    named = [(today - timedelta(days=days - 1 - index)).isoformat() for index in range(days)]
    amounts = [(index * 7) % 5 + index // 6 for index in range(days)]
    stored = [
        {"date": day, "images": amount, "size_bytes": amount * 1_450_000}
        for day, amount in zip(named, amounts, strict=True)
    ]
    images = sum(amounts)

    def part(share: float) -> dict[str, int]:
        return {"images": round(images * share), "size_bytes": round(images * share * 1_450_000)}

    return {
        "scope": "own",
        "images": images,
        "size_bytes": images * 1_450_000,
        "by_kind": {"generated": part(0.6), "upload": part(0.3), "reference": part(0.1)},
        "by_format": {"image/png": part(0.55), "image/jpeg": part(0.35), "image/webp": part(0.1)},
        "by_visibility": {"private": part(0.8), "public": part(0.15), "unlisted": part(0.05)},
        "by_model": {"gemini-3-pro-image": part(0.4), "flux-1-schnell": part(0.2)},
        "trash": part(0.04),
        "days": [day for day in stored if day["images"]],
        "generation": {
            "days": [
                {
                    "date": day,
                    "by_provider": {
                        "google": {"cost_usd": 0.134 * (index % 4)},
                        "openai": {"cost_usd": 0.042 * (index % 3)},
                        "cloudflare": {"cost_usd": 0.02 * (index % 5)},
                    },
                }
                for index, day in enumerate(named)
            ]
        },
    }


def answer(route: Route, body: Any, *, status: int = 200) -> None:
    """Answer a request with JSON."""
    route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


def not_deployed(route: Route) -> None:
    """Answer as the gateway does where there is no such route."""
    answer(route, {"message": "Not Found"}, status=404)
