"""Figures as clients see them."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.generation.money import usd
from image_store.domain.operations.statistics import Amount, Statistics
from image_store.entrypoints.http.request import JSON

if TYPE_CHECKING:
    from image_store.domain.generation.ledger import ProviderPerformance

_PARTS = ("kind", "format", "visibility", "model")


def stats_answer(found: Statistics, *, scope: str) -> "Response[str]":
    """Figures as an answer; the largest of each part first."""
    body: dict[str, Any] = {"scope": scope, **_amount(found.total)}
    for part in _PARTS:
        values = found.parts.get(part, {})
        ordered = sorted(values.items(), key=lambda entry: (-entry[1].images, entry[0]))
        body[f"by_{part}"] = {value: _amount(amount) for value, amount in ordered}
    body["trash"] = _amount(found.trash)
    body["days"] = [
        {"date": day.isoformat(), **_amount(amount)}
        for day, amount in sorted(found.days.items())
        if amount.images
    ]
    body["generation"] = {
        "days": [
            {"date": day.isoformat(), "by_provider": {each.provider: _made(each) for each in made}}
            for day, made in sorted(found.generated.items())
        ]
    }
    if found.migration is not None:
        body["migration"] = asdict(found.migration)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(200, JSON, text, headers={"Cache-Control": "private, no-store"})


def _made(done: "ProviderPerformance") -> dict[str, Any]:
    return {
        "succeeded": done.succeeded,
        "failed": done.failed,
        "average_ms": done.duration_ms // done.succeeded if done.succeeded else None,
        "cost_usd": usd(done.cost_micros),
        "unknown_costs": done.unknown_costs,
    }


def _amount(amount: Amount) -> dict[str, int]:
    return {"images": amount.images, "size_bytes": amount.size_bytes}
