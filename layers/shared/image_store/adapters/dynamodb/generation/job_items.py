"""Generation jobs and their images as items, and back.

What a condition or a counter needs stands alone; everything else is one JSON text. The request of an image is never
written again after its first time, and is left out where only progress is wanted.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.items import Item as Row
from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.domain.generation.budget import BudgetHold
from image_store.domain.generation.jobs import JOB_LIFETIME, Job, JobItem, JobItemError, JobItemState
from image_store.domain.generation.ledger import ProviderCall
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import GenerationRequest, ModelPreference
from image_store.domain.images.attributes import Attributes, OnDuplicate
from image_store.domain.images.image import Kind, Visibility


def job_row(job: Job, *, due_at: datetime) -> Row:
    """A new job as an item."""
    return {
        **keys.key(keys.job(job.id), keys.JOB),
        **schema.STAMP,
        "id": {"S": job.id},
        "owner_key": {"S": keys.jobs(job.owner)},
        "version": {"N": str(job.version)},
        "updated": {"S": text_time(job.updated_at)},
        "cost": {"N": str(job.cost_micros)},
        "unknown_costs": {"N": str(job.unknown_costs)},
        "stopped": {"BOOL": job.cancelled},
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
        "due_shard": {"S": keys.job_shard(job.id)},
        "due_at": {"S": text_time(due_at)},
        "ttl": {"N": str(int((job.created_at + JOB_LIFETIME).timestamp()))},
    }


@schema.reading
def job_of(row: Row) -> Job:
    """The job that an item of this or an earlier version holds; UnreadableRow for any other."""
    schema.version_of(row)
    told = json.loads(row["job"]["S"])
    preference = told["preference"]
    return Job(
        id=row["id"]["S"],
        owner=told["owner"],
        created_at=parse_time(told["created"]),
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
        cancelled=row["stopped"]["BOOL"],
        prompt=told.get("prompt"),
        image_id=row["image_id"]["S"] if "image_id" in row else None,
    )


def item_row(item: JobItem, *, ttl: int) -> Row:
    """A new image of a job as an item."""
    return {
        **keys.key(keys.job(item.job_id), keys.job_item(item.index)),
        "wish": {"S": _json(item.request)},
        "ttl": {"N": str(ttl)},
        **changing(item),
    }


def changing(item: JobItem) -> Row:
    """The attributes of an image's row that its changes write."""
    told = {
        "index": item.index,
        "request_index": item.request_index,
        "owner": item.owner,
        "calls": item.calls,
        "retries": item.retries,
        "given_up": item.given_up,
        "tried": item.tried,
        "not_before": item.not_before,
        "deadline": item.deadline,
        "lease_until": item.lease_until,
        "call": item.call,
        "settled": item.settled,
        "hold": item.hold,
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
        "item": {"S": _json({name: value for name, value in told.items() if value is not None})},
    }


@schema.reading
def item_of(row: Row) -> JobItem:
    """The image of a job that an item holds, without its request where that was not read; UnreadableRow otherwise."""
    schema.version_of(row)
    told = json.loads(row["item"]["S"])
    hold, error, call = told.get("hold"), told.get("error"), told.get("call")
    return JobItem(
        job_id=row["pk"]["S"].removeprefix(keys.JOB_PREFIX),
        index=told["index"],
        request_index=told["request_index"],
        owner=told["owner"],
        request=request_of(json.loads(row["wish"]["S"])) if "wish" in row else None,
        state=JobItemState(row["state"]["S"]),
        version=int(row["version"]["N"]),
        change=row["change"]["S"],
        calls=told["calls"],
        retries=told["retries"],
        given_up=tuple(map(Provider, told["given_up"])),
        tried=tuple(map(Provider, told["tried"])),
        not_before=parse_time(told["not_before"]),
        deadline=parse_time(told["deadline"]),
        lease_until=_time(told.get("lease_until")),
        call=call_of(call) if call else None,
        settled=told["settled"],
        hold=BudgetHold(micros=hold["micros"], on=date.fromisoformat(hold["on"])) if hold else None,
        promised=told.get("promised", False),
        provider=Provider(told["provider"]) if "provider" in told else None,
        model=told.get("model"),
        duration_ms=told.get("duration_ms"),
        cost_micros=told["cost"],
        unknown_costs=told["unknown_costs"],
        image_id=told.get("image_id"),
        error=JobItemError(**error) if error else None,
        prompt=told.get("prompt"),
    )


def call_of(told: Mapping[str, Any]) -> ProviderCall:
    """A call from its JSON."""
    return ProviderCall(
        id=told["id"],
        provider=Provider(told["provider"]),
        model=told["model"],
        own_key=told["own_key"],
        started_at=parse_time(told["started_at"]),
    )


def request_of(told: Mapping[str, Any]) -> GenerationRequest:
    """A request from its JSON."""
    said = dict(told["attributes"])
    for name in ("tags", "groups"):
        said[name] = tuple(said[name])
    said |= {
        "kind": Kind(said["kind"]),
        "visibility": Visibility(said["visibility"]),
        "on_duplicate": OnDuplicate(said["on_duplicate"]),
        "expires_at": _time(said["expires_at"]),
    }
    return GenerationRequest(
        **{name: value for name, value in told.items() if name not in {"attributes", "reference_ids"}},
        reference_ids=tuple(told["reference_ids"]),
        attributes=Attributes(**said),
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
