"""Reads requests for generation jobs and provider keys, and builds the responses."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.callers.caller import Caller
from image_store.domain.callers.key_allowance import KeyAllowance, allowance_of
from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.budget import KeyBudget
from image_store.domain.generation.catalogue import PRICES_VERSION
from image_store.domain.generation.estimates import CostEstimate, size_presets
from image_store.domain.generation.jobs import Job, JobItem, JobItemState, JobPage
from image_store.domain.generation.money import usd
from image_store.domain.generation.providers import Provider, ProviderKey
from image_store.domain.generation.requests import JobRequest, JoinRule, ModelPreference, VariationSet
from image_store.domain.times import rfc3339
from image_store.entrypoints.generation.request_schemas import (
    GenerationRequestBody,
    ProviderKeyRequest,
)
from image_store.entrypoints.http.idempotency import canonical, idempotency_of
from image_store.entrypoints.http.request import JSON, Request
from image_store.entrypoints.http.validation import validate
from image_store.entrypoints.images.answers import groups_of
from image_store.services.generation.overview import Overview, PricedModel, ProviderStatus

_PRIVATE = {"Cache-Control": "private, no-cache"}
_NOT_STORED = {"Cache-Control": "private, no-store"}


def read_generation(request: Request) -> JobRequest:
    """Read the request to begin a job."""
    value = request.json_value
    body = validate(GenerationRequestBody, value, at="body")
    return JobRequest(
        owner=request.owner,
        variation_sets=tuple(VariationSet(request=item.to_domain(), count=item.n) for item in body.items),
        preference=ModelPreference(provider=body.provider, model=body.model, fallback=body.fallback),
        join=JoinRule() if body.join else None,
        idempotency=idempotency_of(request, "json", canonical(value)),
        key_budget=key_budget_of(request.caller),
        allowance=allowance_of(request.caller),
    )


def retry_of(request: Request, job_id: str) -> tuple[str, str, KeyBudget | None, KeyAllowance | None]:
    """Whose job to retry, which one, and the limits of the API key that asks for it."""
    return request.owner, job_id, key_budget_of(request.caller), allowance_of(request.caller)


def key_budget_of(caller: Caller) -> KeyBudget | None:
    """The budgets of the API key that sends the request; None if it has none."""
    daily, monthly = caller.limits.cost_micros_per_day, caller.limits.cost_micros_per_month
    if caller.key_id is None or (daily is None and monthly is None):
        return None
    return KeyBudget(key_id=caller.key_id, daily=daily or 0, monthly=monthly or 0)


def read_provider(name: str) -> Provider:
    """Read the provider in a path; InvalidRequest."""
    try:
        return Provider(name)
    except ValueError:
        raise InvalidRequest(f"The provider must be one of {', '.join(Provider)}.") from None


def read_key(request: Request, provider: str) -> tuple[Provider, ProviderKey]:
    """Read the provider of a path, and its key."""
    name, body = read_provider(provider), request.json(ProviderKeyRequest)
    return name, ProviderKey(body.key, body.account_id or "")


def accepted(job: Job, items: list[JobItem], *, api_url: str) -> "Response[str]":
    """202 with the job and its address in `Location`."""
    headers = {**_PRIVATE, "Location": f"{api_url}/v1/generations/{job.id}", "ETag": etag(job)}
    return _answer(202, _job(job, items), headers)


def progress(job: Job, items: list[JobItem], *, with_requests: bool = False) -> "Response[str]":
    """200 with the progress of a job, and with the whole request of each item if that was asked for."""
    if not with_requests:
        return _answer(200, _job(job, items), {**_PRIVATE, "ETag": etag(job)})
    shown = [_item(item) | {"request": _request(item)} for item in items]
    return _answer(200, {**_summary(job), "items": shown}, {**_NOT_STORED, "ETag": etag(job)})


def unchanged(job: Job) -> "Response[str]":
    """304 for a client that has this version of the job."""
    return Response(304, body="", headers={**_PRIVATE, "ETag": etag(job)})


def page(jobs: JobPage, next_cursor: str | None) -> "Response[str]":
    """A page of jobs."""
    body = {"items": [_summary(job) for job in jobs.jobs], "next_cursor": next_cursor}
    return _answer(200, body, _NOT_STORED)


def providers(overview: Overview) -> "Response[str]":
    """All providers, and the caller's spending."""
    budgets = overview.budgets
    spending = {
        name: {
            "spent_usd": usd(spent.spent),
            "reserved_usd": usd(spent.reserved),
            "budget_usd": usd(budget) if budget else None,
        }
        for name, spent, budget in (
            ("today", overview.today, budgets.owner_daily),
            ("month", overview.month, budgets.owner_monthly),
        )
    }
    body = {
        "items": [_provider(provider, overview) for provider in overview.providers],
        "prices_version": PRICES_VERSION,
        "spending": spending,
    }
    return _answer(200, body, _NOT_STORED)


def etag(job: Job) -> str:
    """The strong validator of a job: it changes with every change of one of its items."""
    return f'"{job.version}"'


def _job(job: Job, items: list[JobItem]) -> dict[str, Any]:
    return {**_summary(job), "items": [_item(item) for item in items]}


def _summary(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "status": job.status,
        "progress": {"total": job.total, **{state.value: job.counts[state] for state in JobItemState}},
        "cost_usd": usd(job.cost),
        "provider": job.preference.provider,
        "model": job.preference.model,
        "prompt": job.prompt,
        "image_id": job.image_id,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
    }


def _item(item: JobItem) -> dict[str, Any]:
    error = item.error
    return {
        "index": item.index,
        "request_index": item.request_index,
        "prompt": item.prompt,
        "status": item.state,
        "provider": item.provider,
        "model": item.model,
        "attempts": item.calls,
        "duration_ms": item.duration_ms,
        "cost_usd": usd(item.cost) if item.cost_micros else None,
        "image_id": item.image_id,
        "error": {
            "code": error.code,
            "detail": error.detail,
            "reason": error.reason,
            "provider": error.provider,
        }
        if error is not None and item.state is not JobItemState.SUCCEEDED
        else None,
        "request": None,
    }


def _request(item: JobItem) -> dict[str, Any] | None:
    """The request of an item as it can be sent again; None if it is no longer kept."""
    request = item.request
    if request is None:
        return None
    attributes = request.attributes
    expires_at = attributes.expires_at
    return {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "size": request.size,
        "quality": request.quality,
        "background": request.background,
        "output_format": request.output_format,
        "seed": request.seed if request.has_own_seed else -1,
        "reference_ids": request.reference_ids,
        "visibility": attributes.visibility,
        "filename": attributes.filename,
        "title": attributes.title,
        "alt_text": attributes.alt_text,
        "category": attributes.category,
        "tags": attributes.tags,
        "groups": groups_of(attributes.groups),
        "metadata": attributes.metadata,
        "cache_control": attributes.cache_control,
        "expires_at": rfc3339(expires_at) if expires_at is not None else None,
    }


def _provider(provider: ProviderStatus, overview: Overview) -> dict[str, Any]:
    performance = provider.performance
    rate = performance.success_rate
    return {
        "provider": provider.provider,
        "configured": provider.is_configured,
        "own_key": provider.has_own_key,
        "health": provider.health(overview.at),
        "success_rate": round(rate, 3) if rate is not None else None,
        "average_ms": performance.duration_ms // performance.succeeded if performance.succeeded else None,
        "models": [_model(model) for model in provider.models],
    }


def _model(listing: PricedModel) -> dict[str, Any]:
    model = listing.model
    return {
        "name": model.name,
        "max_prompt": model.max_prompt,
        "max_references": model.max_references,
        "sizes": model.sizes,
        "size_presets": size_presets(model),
        "qualities": model.qualities,
        "backgrounds": model.backgrounds,
        "output_formats": model.output_formats,
        "seeds": model.takes_seeds,
        "prices": [
            {
                "unit": price.unit,
                "amount": str(price.amount),
                "per": price.per,
                "currency": price.currency,
                "valid_from": price.valid_from.isoformat(),
                "source": price.source,
            }
            for price in listing.prices
        ],
        "estimate": _estimate(listing.estimate),
    }


def _estimate(estimate: CostEstimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "images": [
            {"sizes": image.sizes, "quality": image.quality, "cost_usd": usd(image.micros)}
            for image in estimate.images
        ],
        "reference_usd": usd(estimate.reference_micros),
        "prompt_usd": usd(estimate.prompt_micros),
    }


def _answer(status: int, body: dict[str, Any], headers: dict[str, str]) -> "Response[str]":
    return Response(status, JSON, json.dumps(body, separators=(",", ":")), headers=dict(headers))
