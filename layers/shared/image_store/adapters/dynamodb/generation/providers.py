"""Circuit breakers and retry budgets of providers, and owners' own keys, in the table."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from image_store.adapters.dynamodb import generation_keys, schema
from image_store.adapters.dynamodb.items import parse_time, text_time
from image_store.adapters.dynamodb.table import DynamoTable, OnTable
from image_store.domain.generation.breaker import Breaker
from image_store.domain.generation.budget import day_of
from image_store.domain.generation.providers import Provider, ProviderKey
from image_store.domain.generation.retry_budget import RetryBudget
from image_store.ports.generation import ProviderHealth, ProviderKeys
from image_store.ports.secrets import Cipher

_TIMES = ("open_until", "opened_at", "failed_at", "probe_until")


class DynamoProviderHealth(OnTable, ProviderHealth):
    """ProviderHealth in the table."""

    def breakers(self) -> Mapping[Provider, Breaker]:
        row_keys = [generation_keys.breaker(provider.value) for provider in Provider]
        breakers = dict(schema.readable(self._rows.get_many(row_keys), _named_breaker_of))
        return {
            provider: breakers.get(generation_keys.breaker(provider.value)["pk"]["S"], Breaker())
            for provider in Provider
        }

    def save(self, provider: Provider, after: Breaker) -> bool:
        times = {name: getattr(after, name) for name in _TIMES}
        row = {
            **generation_keys.breaker(provider.value),
            **schema.STAMP,
            **_retries_row(after.retries),
            "failures": {"N": str(after.failures)},
            "openings": {"N": str(after.openings)},
            "version": {"N": str(after.version)},
            **{name: {"S": text_time(at)} for name, at in times.items() if at is not None},
        }
        saved = self._rows.conditional(
            "put_item",
            Item=row,
            ConditionExpression="attribute_not_exists(pk) OR #version = :seen",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues={":seen": {"N": str(after.version - 1)}},
        )
        return saved is not None

    def image_count(self, provider: Provider, *, on: date) -> int:
        # The transaction that ends a call counts it in this row.
        row = self._rows.call(
            "get_item",
            Key=generation_keys.performance(None, day_of(on), provider.value),
            ConsistentRead=True,
        ).get("Item")
        return int(row["succeeded"]["N"]) if row is not None else 0


class DynamoProviderKeys(OnTable, ProviderKeys):
    """ProviderKeys in the table, each encrypted for its owner and provider."""

    def __init__(self, table: DynamoTable, *, cipher: Callable[[], Cipher]) -> None:
        super().__init__(table)
        self._cipher = cipher

    def put(self, owner: str, provider: Provider, key: ProviderKey) -> None:
        text = json.dumps({"secret": key.secret, "account": key.account})
        sealed = self._cipher().seal(text, context=_context(owner, provider))
        row = {**generation_keys.provider_key(owner, provider.value), "sealed": {"S": sealed}}
        self._rows.call("put_item", Item=row)

    def remove(self, owner: str, provider: Provider) -> None:
        self._rows.call("delete_item", Key=generation_keys.provider_key(owner, provider.value))

    def providers(self, owner: str) -> frozenset[Provider]:
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": generation_keys.provider_key(owner, "")["pk"]},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        return frozenset(Provider(row["sk"]["S"]) for row in answer["Items"])

    def get(self, owner: str, provider: Provider) -> ProviderKey | None:
        answer = self._rows.call(
            "get_item", Key=generation_keys.provider_key(owner, provider.value), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        text = self._cipher().open(answer["Item"]["sealed"]["S"], context=_context(owner, provider))
        return ProviderKey(**json.loads(text))


def _context(owner: str, provider: Provider) -> dict[str, str]:
    return {"purpose": "provider-key", "owner": owner, "provider": provider.value}


@schema.reading
def _named_breaker_of(row: Mapping[str, Any]) -> tuple[str, Breaker]:
    schema.version_of(row)
    return row["pk"]["S"], _breaker_of(row)


def _breaker_of(row: Mapping[str, Any]) -> Breaker:
    return Breaker(
        failures=int(row["failures"]["N"]),
        openings=int(row["openings"]["N"]),
        open_until=_time(row, "open_until"),
        failed_at=_time(row, "failed_at"),
        probe_until=_time(row, "probe_until"),
        opened_at=_time(row, "opened_at"),
        retries=_retries_of(row),
        version=int(row["version"]["N"]),
    )


def _retries_row(retries: RetryBudget) -> dict[str, Any]:
    if retries.at is None or retries.day is None:
        return {}
    fields = {
        "shares": retries.shares,
        "at": text_time(retries.at),
        "day": day_of(retries.day),
        "made": retries.made,
    }
    return {"retries": {"S": json.dumps(fields)}}


def _retries_of(row: Mapping[str, Any]) -> RetryBudget:
    if "retries" not in row:
        return RetryBudget()
    fields = json.loads(row["retries"]["S"])
    return RetryBudget(
        shares=fields["shares"],
        at=parse_time(fields["at"]),
        day=date.fromisoformat(fields["day"]),
        made=fields["made"],
    )


def _time(row: Mapping[str, Any], name: str) -> datetime | None:
    return parse_time(row[name]["S"]) if name in row else None
