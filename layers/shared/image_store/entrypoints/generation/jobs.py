"""Generation jobs as clients ask for them and see them."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from image_store.domain.errors import InvalidRequest
from image_store.domain.generation.catalogue import description_of
from image_store.domain.generation.jobs import Job, JobItem, JobItemState, JobPage
from image_store.domain.generation.money import usd
from image_store.domain.generation.prices import VERSION
from image_store.domain.generation.providers import Provider, ProviderKey
from image_store.domain.generation.requests import ModelPreference
from image_store.domain.times import rfc3339
from image_store.entrypoints.generation.request_schemas import (
    GenerationRequestBody,
    JobsQuery,
    ProviderKeyRequest,
)
from image_store.entrypoints.http.api import api_url, caller, header
from image_store.entrypoints.http.requests import json_body, json_of, json_text, query, validated
from image_store.entrypoints.images.answers import JSON
from image_store.entrypoints.images.uploads import canonical, idempotency_of
from image_store.services.generation.job_names import JobRequest, VariationSet
from image_store.services.generation.overview import ListedModel, ListedProvider, Overview
from image_store.settings import Settings

_PRIVATE = {"Cache-Control": "private, no-cache"}
_NOT_STORED = {"Cache-Control": "private, no-store"}


def read_generation(api: APIGatewayHttpResolver) -> JobRequest:
    """The images that a request asks for."""
    value = json_of(json_text(api))
    body = validated(GenerationRequestBody, value, at="body")
    return JobRequest(
        owner=caller(api),
        variation_sets=tuple(VariationSet(request=item.to_domain(), count=item.n) for item in body.items),
        preference=ModelPreference(provider=body.provider, model=body.model, fallback=body.fallback),
        join=body.join,
        idempotency=idempotency_of(api, "json", canonical(value)),
    )


def read_page(api: APIGatewayHttpResolver) -> JobsQuery:
    """Which of an owner's jobs are asked for."""
    return query(api, JobsQuery)


def read_provider(name: str) -> Provider:
    """The provider that an address names."""
    try:
        return Provider(name)
    except ValueError:
        raise InvalidRequest(f"The provider must be one of {', '.join(Provider)}.") from None


def read_key(api: APIGatewayHttpResolver, name: str) -> tuple[Provider, ProviderKey]:
    """The provider that an address names, and the key that its request brings."""
    provider, said = read_provider(name), json_body(api, ProviderKeyRequest)
    if description_of(provider).needs_account != (said.account_id is not None):
        raise InvalidRequest("`account_id` goes with a key of Cloudflare, and with no other.")
    return provider, ProviderKey(said.key, said.account_id or "")


def accepted(
    api: APIGatewayHttpResolver, settings: Settings, job: Job, items: list[JobItem]
) -> "Response[str]":
    """202, and where to look."""
    place = f"{api_url(api, settings.api_url)}/v1/generations/{job.id}"
    headers = {**_PRIVATE, "Location": place, "ETag": etag(job)}
    return _answer(202, _job(job, items), headers)


def progress(job: Job, items: list[JobItem]) -> "Response[str]":
    """How far a job has come."""
    return _answer(200, _job(job, items), {**_PRIVATE, "ETag": etag(job)})


def unchanged(api: APIGatewayHttpResolver, job: Job) -> "Response[str] | None":
    """304 for a client that has this state already; None for one that has not."""
    asked = header(api, "if-none-match")
    tags = {tag.strip().removeprefix("W/") for tag in (asked or "").split(",")}
    if etag(job) not in tags and "*" not in tags:
        return None
    return Response(304, body="", headers={**_PRIVATE, "ETag": etag(job)})


def page(found: JobPage, next_cursor: str | None) -> "Response[str]":
    """A page of jobs."""
    body = {"items": [_summary(job) for job in found.jobs], "next_cursor": next_cursor}
    return _answer(200, body, _NOT_STORED)


def providers(overview: Overview) -> "Response[str]":
    """All providers, and the caller's spending."""
    spending = {
        name: {"spent_usd": usd(found.spent), "reserved_usd": usd(found.reserved)}
        for name, found in (("today", overview.today), ("month", overview.month))
    }
    body = {
        "items": [_provider(found, overview) for found in overview.providers],
        "prices_version": VERSION,
        "spending": spending,
    }
    return _answer(200, body, _NOT_STORED)


def etag(job: Job) -> str:
    """The strong validator of a job: it changes with every change of one of its images."""
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
    }


def _provider(found: ListedProvider, overview: Overview) -> dict[str, Any]:
    done = found.performance
    rate = done.success_rate
    return {
        "provider": found.provider,
        "configured": found.configured,
        "own_key": found.own_key,
        "health": found.health(overview.at),
        "success_rate": round(rate, 3) if rate is not None else None,
        "average_ms": done.duration_ms // done.succeeded if done.succeeded else None,
        "models": [_model(model) for model in found.models],
    }


def _model(listed: ListedModel) -> dict[str, Any]:
    model = listed.model
    return {
        "name": model.name,
        "max_prompt": model.max_prompt,
        "max_references": model.max_references,
        "sizes": model.sizes,
        "qualities": model.qualities,
        "seeds": model.seeds,
        "prices": [
            {
                "unit": price.unit,
                "amount": str(price.amount),
                "per": price.per,
                "currency": price.currency,
                "valid_from": price.valid_from.isoformat(),
                "source": price.source,
            }
            for price in listed.prices
        ],
    }


def _answer(status: int, body: dict[str, Any], headers: dict[str, str]) -> "Response[str]":
    return Response(status, JSON, json.dumps(body, separators=(",", ":")), headers=dict(headers))
