"""Maps generation jobs and job items to rows, and back.

What a condition or a counter needs is an attribute of its own; everything else is one JSON text. The generation request
of an item is written once, and not read where only progress is needed. Its attribute has the older name `wish`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from image_store.adapters.dynamodb import generation_keys, keys, schema
from image_store.adapters.dynamodb.images.attributes import attributes_of
from image_store.adapters.dynamodb.items import Item as Row
from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.domain.generation.budget import BudgetHold, KeyBudget
from image_store.domain.generation.jobs import JOB_LIFETIME, Job, JobItem, JobItemError, JobItemState
from image_store.domain.generation.ledger import ProviderCall
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import GenerationRequest, ModelPreference


def job_row(job: Job, *, due_at: datetime) -> Row:
    """The row of a new job."""
    return {
        **keys.key(generation_keys.job(job.id), generation_keys.JOB),
        **schema.STAMP,
        "id": {"S": job.id},
        "owner_key": {"S": generation_keys.jobs(job.owner)},
        "version": {"N": str(job.version)},
        "updated": {"S": text_time(job.updated_at)},
        "cost": {"N": str(job.cost_micros)},
        "unknown_costs": {"N": str(job.unknown_costs)},
        "stopped": {"BOOL": job.is_cancelled},
        **{state.value: {"N": str(count)} for state, count in job.counts.items()},
        "job": {
            "S": _json(
                {
                    "owner": job.owner,
                    "created": text_time(job.created_at),
                    "preference": job.preference,
                    "prompt": job.prompt,
                }
            )
        },
        "due_shard": {"S": generation_keys.job_shard(job.id)},
        "due_at": {"S": text_time(due_at)},
        "ttl": {"N": str(int((job.created_at + JOB_LIFETIME).timestamp()))},
    }


@schema.reading
def job_of(row: Row) -> Job:
    """The job in a row of this or an earlier version; UnreadableRow for a later one."""
    schema.version_of(row)
    fields = json.loads(row["job"]["S"])
    preference = fields["preference"]
    return Job(
        id=row["id"]["S"],
        owner=fields["owner"],
        created_at=parse_time(fields["created"]),
        updated_at=parse_time(row["updated"]["S"]),
        version=int(row["version"]["N"]),
        preference=ModelPreference(
            provider=Provider(preference["provider"]) if preference["provider"] else None,
            model=preference["model"],
            fallback=preference["fallback"],
        ),
        counts={state: int(row[state.value]["N"]) for state in JobItemState},
        cost_micros=int(row["cost"]["N"]),
        unknown_costs=int(row["unknown_costs"]["N"]),
        is_cancelled=row["stopped"]["BOOL"],
        prompt=fields.get("prompt"),
        image_id=row["image_id"]["S"] if "image_id" in row else None,
    )


def item_row(item: JobItem, *, ttl: int) -> Row:
    """The row of a new job item."""
    return {
        **keys.key(generation_keys.job(item.job_id), generation_keys.job_item(item.index)),
        "wish": {"S": _json(item.request)},
        "ttl": {"N": str(ttl)},
        **changed_attributes(item),
    }


def changed_attributes(item: JobItem) -> Row:
    """The attributes of an item's row that changes write."""
    fields = {
        "index": item.index,
        "request_index": item.request_index,
        "owner": item.owner,
        "calls": item.calls,
        "retries": item.retries,
        "given_up": item.unable_providers,
        "tried": item.failed_providers,
        "not_before": item.not_before,
        "deadline": item.deadline,
        "lease_until": item.lease_until,
        "call": item.call,
        "settled": item.is_call_recorded,
        "hold": item.hold,
        "api_key": item.api_key,
        "promised": item.promised or None,
        "provider": item.provider,
        "model": item.model,
        "duration_ms": item.duration_ms,
        "cost": item.cost_micros,
        "unknown_costs": item.unknown_costs,
        "image_id": item.image_id,
        "error": item.error,
        "prompt": item.prompt,
    }
    return {
        **schema.STAMP,
        "version": {"N": str(item.version)},
        "change": {"S": item.change},
        "state": {"S": item.state.value},
        "item": {"S": _json({name: value for name, value in fields.items() if value is not None})},
    }


@schema.reading
def item_of(row: Row) -> JobItem:
    """The job item in a row, without its request if that was not read; UnreadableRow for a later version."""
    schema.version_of(row)
    fields = json.loads(row["item"]["S"])
    hold, error, call = fields.get("hold"), fields.get("error"), fields.get("call")
    return JobItem(
        job_id=row["pk"]["S"].removeprefix(generation_keys.JOB_PREFIX),
        index=fields["index"],
        request_index=fields["request_index"],
        owner=fields["owner"],
        request=request_of(json.loads(row["wish"]["S"])) if "wish" in row else None,
        state=JobItemState(row["state"]["S"]),
        version=int(row["version"]["N"]),
        change=row["change"]["S"],
        calls=fields["calls"],
        retries=fields["retries"],
        unable_providers=tuple(map(Provider, fields["given_up"])),
        failed_providers=tuple(map(Provider, fields["tried"])),
        not_before=parse_time(fields["not_before"]),
        deadline=parse_time(fields["deadline"]),
        lease_until=_time(fields.get("lease_until")),
        call=call_of(call) if call else None,
        is_call_recorded=fields["settled"],
        hold=_hold_of(hold) if hold else None,
        api_key=fields.get("api_key"),
        promised=fields.get("promised", False),
        provider=Provider(fields["provider"]) if "provider" in fields else None,
        model=fields.get("model"),
        duration_ms=fields.get("duration_ms"),
        cost_micros=fields["cost"],
        unknown_costs=fields["unknown_costs"],
        image_id=fields.get("image_id"),
        error=JobItemError(**error) if error else None,
        prompt=fields.get("prompt"),
    )


def _hold_of(fields: Mapping[str, Any]) -> BudgetHold:
    # Rows of earlier versions name no key.
    key = KeyBudget(**fields["key"]) if fields.get("key") else None
    return BudgetHold(micros=fields["micros"], on=date.fromisoformat(fields["on"]), key=key)


def call_of(fields: Mapping[str, Any]) -> ProviderCall:
    """A provider call from its JSON."""
    return ProviderCall(
        id=fields["id"],
        provider=Provider(fields["provider"]),
        model=fields["model"],
        own_key=fields["own_key"],
        started_at=parse_time(fields["started_at"]),
    )


def request_of(fields: Mapping[str, Any]) -> GenerationRequest:
    """A generation request from its JSON."""
    return GenerationRequest(
        **{name: value for name, value in fields.items() if name not in {"attributes", "reference_ids"}},
        reference_ids=tuple(fields["reference_ids"]),
        attributes=attributes_of(fields["attributes"]),
    )


def _time(text: str | None) -> datetime | None:
    return parse_time(text) if text is not None else None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return text_time(value)
    if isinstance(value, date):
        return value.isoformat()
    return asdict(value)
