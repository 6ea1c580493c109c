"""Builds the response with statistics."""

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


def stats_answer(statistics: Statistics, *, scope: str) -> "Response[str]":
    """200 with statistics; in each part the largest value comes first."""
    body: dict[str, Any] = {"scope": scope, **_amount(statistics.total)}
    for part in _PARTS:
        values = statistics.parts.get(part, {})
        ordered = sorted(values.items(), key=lambda entry: (-entry[1].images, entry[0]))
        body[f"by_{part}"] = {value: _amount(amount) for value, amount in ordered}
    body["trash"] = _amount(statistics.trash)
    body["days"] = [
        {"date": day.isoformat(), **_amount(amount)}
        for day, amount in sorted(statistics.days.items())
        if amount.images
    ]
    body["generation"] = {
        "days": [
            {
                "date": day.isoformat(),
                "by_provider": {each.provider: _performance(each) for each in providers},
            }
            for day, providers in sorted(statistics.generated.items())
        ]
    }
    if (quota := statistics.quota) is not None:
        body["quota"] = {"images": quota.images or None, "size_bytes": quota.size_bytes or None}
    if statistics.migration is not None:
        body["migration"] = asdict(statistics.migration)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(200, JSON, text, headers={"Cache-Control": "private, no-store"})


def _performance(performance: "ProviderPerformance") -> dict[str, Any]:
    return {
        "succeeded": performance.succeeded,
        "failed": performance.failed,
        "average_ms": performance.duration_ms // performance.succeeded if performance.succeeded else None,
        "cost_usd": usd(performance.cost_micros),
        "unknown_costs": performance.unknown_costs,
    }


def _amount(amount: Amount) -> dict[str, int]:
    return {"images": amount.images, "size_bytes": amount.size_bytes}
