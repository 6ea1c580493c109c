"""The money of generation in the table: budgets, ledger and the performance of providers.

A budget's row has two numbers. `committed` is what was spent plus what is held, so that one condition keeps both within
the limit. `spent` is the sum of the ledger's entries.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from image_store.adapters.dynamodb import generation_keys, keys
from image_store.adapters.dynamodb.items import text_time
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite
from image_store.domain.errors import BudgetExceeded, BudgetUsedUp
from image_store.domain.generation.budget import (
    BudgetHold,
    Budgets,
    KeyBudget,
    Spending,
    day_of,
    month_of,
    until_next_day,
    until_next_month,
)
from image_store.domain.generation.jobs import JobItem, JobItemChange
from image_store.domain.generation.ledger import CallOutcome, LedgerEntry, ProviderCall, ProviderPerformance
from image_store.domain.generation.providers import Provider

_LIFETIME = timedelta(days=400)
"""Budgets, ledger and statistics stay for a little more than a year."""


@dataclass(frozen=True, slots=True)
class BudgetKey:
    """One budget: `daily` or `monthly`, of an owner, an API key or (neither) the deployment, with its first day."""

    period: str
    owner: str | None
    day: date
    of_key: KeyBudget | None = None

    @property
    def holder(self) -> str:
        """Whose it is: `owner`, `key` or `deployment`."""
        if self.of_key is not None:
            return "key"
        return "deployment" if self.owner is None else "owner"

    @property
    def name(self) -> str:
        """The name of its write in a transaction, and of its limit in Budgets."""
        return f"{self.holder}_{self.period}"

    @property
    def key(self) -> keys.Key:
        """The key of its row."""
        period = day_of(self.day) if self.period == "daily" else month_of(self.day)
        if self.of_key is not None:
            return generation_keys.key_budget(self.of_key.key_id, period)
        return (
            generation_keys.deployment_budget(period)
            if self.owner is None
            else generation_keys.owner_budget(self.owner, period)
        )

    @property
    def ttl(self) -> int:
        """The expiry of its row in epoch seconds."""
        start = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return int((start + _LIFETIME).timestamp())

    def limit(self, budgets: Budgets) -> int:
        """Its limit in micro-dollars; 0 for none."""
        return int(getattr(self.of_key, self.period) if self.of_key else getattr(budgets, self.name))


def holds(items: Sequence[JobItem], owner: str) -> Counter[BudgetKey]:
    """What items hold of each budget, in micro-dollars."""
    sums: Counter[BudgetKey] = Counter()
    for item in items:
        if item.hold is not None:
            sums.update(dict.fromkeys(_budgets_of(item.hold, owner), item.hold.micros))
    return sums


def budget_writes(
    table: str,
    committed: Mapping[BudgetKey, int],
    budgets: Budgets,
    spent: Mapping[BudgetKey, int] | None = None,
) -> list[NamedWrite]:
    """Writes that add to budgets and note their limits; a new hold is conditional on its limit.

    Raises BudgetExceeded if a hold alone is larger than a limit.
    """
    writes: list[NamedWrite] = []
    for budget in committed.keys() | (spent or {}).keys():
        micros, charge = committed.get(budget, 0), (spent or {}).get(budget, 0)
        if not micros and not charge:
            continue
        values: dict[str, Any] = {":micros": {"N": str(micros)}, ":paid": {"N": str(charge)}}
        update: dict[str, Any] = {
            "TableName": table,
            "Key": budget.key,
            "UpdateExpression": "ADD committed :micros, spent :paid SET #ttl = if_not_exists(#ttl, :ttl)",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": values,
        }
        values[":ttl"] = {"N": str(budget.ttl)}
        limit = budget.limit(budgets)
        update["ExpressionAttributeNames"]["#limit"] = "limit"
        if limit:  # readers of the stream know no settings
            update["UpdateExpression"] += ", #limit = :limit"
            values[":limit"] = {"N": str(limit)}
        else:
            update["UpdateExpression"] += " REMOVE #limit"
        if limit and micros > 0 and not charge:
            update["ConditionExpression"] = "attribute_not_exists(committed) OR committed <= :room"
            values[":room"] = {"N": str(limit - micros)}
            if micros > limit:
                raise BudgetExceeded(
                    "This request alone costs more than a budget for generated images allows.",
                    budget=budget.holder,
                )
        writes.append((budget.name, {"Update": update}))
    return writes


def change_writes(
    table: str, changes: Sequence[JobItemChange], owner: str, budgets: Budgets
) -> list[NamedWrite]:
    """Writes that move holds and charges in the budgets, for changes of one job's items."""
    committed = holds([change.after for change in changes], owner)
    for budget, micros in holds([change.before for change in changes], owner).items():
        committed[budget] -= micros
    spent: Counter[BudgetKey] = Counter()
    for change in changes:
        charge = _charge(change)
        if charge and change.before.hold is not None:
            spent.update(dict.fromkeys(_budgets_of(change.before.hold, owner), charge))
    committed.update(spent)
    return budget_writes(table, committed, budgets, spent)


@contextmanager
def refusals_noted(rows: DynamoTable, budget_keys: Collection[BudgetKey], budgets: Budgets) -> Iterator[None]:
    """Note the limits of a budget that refuses a request, if its row has another one.

    A budget whose limit fell to what is used refuses every hold, and nothing else might write its row for days: without
    this, readers of the stream would not hear that it is used up.
    """
    try:
        yield
    except BudgetExceeded as refusal:
        for budget in budget_keys:
            limit = budget.limit(budgets)
            if limit and budget.holder == refusal.budget:
                rows.conditional(
                    "update_item",
                    Key=budget.key,
                    UpdateExpression="SET #limit = :limit",
                    ConditionExpression="attribute_exists(pk) AND (attribute_not_exists(#limit) OR #limit <> :limit)",
                    ExpressionAttributeNames={"#limit": "limit"},
                    ExpressionAttributeValues={":limit": {"N": str(limit)}},
                )
        raise


def outcome_writes(table: str, change: JobItemChange, outcome: CallOutcome) -> list[NamedWrite]:
    """Writes for a call that has ended: its ledger entry, if it was charged for, and the provider's statistics."""
    call, entry = outcome.call, outcome.entry
    writes: list[NamedWrite] = []
    if entry is not None:
        row = _ledger_row(change, outcome, entry)
        put = {"TableName": table, "Item": row, "ConditionExpression": "attribute_not_exists(pk)"}
        writes.append(("ledger", {"Put": put}))
    known = entry.cost_micros if entry is not None and entry.cost_micros is not None else 0
    numbers = {
        "succeeded": int(outcome.succeeded),
        "failed": int(not outcome.succeeded),
        "refused": int(outcome.is_not_of_provider),
        "duration_ms": outcome.duration_ms if outcome.succeeded else 0,
        "cost": known,
        "unknown_costs": int(entry is not None and entry.cost_micros is None),
    }
    for scope in (None, change.after.owner):
        update = {
            "TableName": table,
            "Key": generation_keys.performance(scope, day_of(call.started_at), call.provider.value),
            "UpdateExpression": "ADD "
            + ", ".join(f"#{name} :{name}" for name in numbers)
            + " SET #ttl = if_not_exists(#ttl, :ttl)",
            "ExpressionAttributeNames": {"#ttl": "ttl", **{f"#{name}": name for name in numbers}},
            "ExpressionAttributeValues": {
                ":ttl": _ttl(call),
                **{f":{name}": {"N": str(number)} for name, number in numbers.items()},
            },
        }
        writes.append(("performance", {"Update": update}))
    return writes


def budget_refusal(failures: set[str], at: datetime) -> BudgetUsedUp | None:
    """The error of a transaction whose budget writes failed; None if none of them failed."""
    monthly = {name for name in failures if name.endswith("_monthly")}
    daily = {name for name in failures if name.endswith("_daily")}
    if monthly:
        return _used_up(min(monthly), until_next_month(at))
    if daily:
        return _used_up(min(daily), until_next_day(at))
    return None


def spending_of(row: Mapping[str, Any] | None) -> Spending:
    """The spending in a budget's row."""
    if row is None:
        return Spending()
    spent = int(row["spent"]["N"])
    return Spending(spent, int(row["committed"]["N"]) - spent)


def performance_of(row: Mapping[str, Any], provider: Provider) -> ProviderPerformance:
    """The performance of a provider in a row of one day."""
    return ProviderPerformance(
        provider=provider,
        succeeded=int(row["succeeded"]["N"]),
        failed=int(row["failed"]["N"]),
        # Rows of earlier versions do not count refusals apart.
        refused=int(row.get("refused", {"N": "0"})["N"]),
        duration_ms=int(row["duration_ms"]["N"]),
        cost_micros=int(row["cost"]["N"]),
        unknown_costs=int(row["unknown_costs"]["N"]),
    )


def ledger_key(item: JobItem, call: ProviderCall, month: str) -> keys.Key:
    """The key of a ledger entry."""
    return generation_keys.ledger(item.owner, month, job_id=item.job_id, index=item.index, call_id=call.id)


def ledger_months(item: JobItem, call: ProviderCall) -> list[str]:
    """The months whose ledger may have a call: that of its hold, which may be the month before."""
    months = {month_of(call.started_at), month_of(call.started_at - timedelta(days=1))}
    if item.hold is not None:
        months.add(month_of(item.hold.on))
    return sorted(months)


def _ledger_row(change: JobItemChange, outcome: CallOutcome, entry: LedgerEntry) -> dict[str, Any]:
    call, hold = outcome.call, change.before.hold
    on = hold.on if hold is not None else call.started_at.date()
    row: dict[str, Any] = {
        **ledger_key(change.after, call, month_of(on)),
        "provider": {"S": call.provider.value},
        "model": {"S": call.model},
        "own_key": {"BOOL": call.own_key},
        "charged": {"N": str(_charge(change))},
        "prices": {"S": entry.prices},
        "duration_ms": {"N": str(outcome.duration_ms)},
        "at": {"S": text_time(entry.generated_at)},
        "ttl": _ttl(call),
    }
    if entry.cost_micros is not None:
        row["cost"] = {"N": str(entry.cost_micros)}
    if change.before.api_key is not None:
        row["api_key"] = {"S": change.before.api_key}
    if entry.usage is not None:
        row["usage"] = {"M": {unit: {"N": str(count)} for unit, count in entry.usage.items()}}
    return row


def _charge(change: JobItemChange) -> int:
    """What a change takes from the budgets for good: the cost, or the whole hold if the cost is unknown."""
    entry = change.outcome.entry if change.outcome is not None else None
    if entry is None or entry.call.own_key or change.before.hold is None:
        return 0
    return change.before.hold.micros if entry.cost_micros is None else entry.cost_micros


def _budgets_of(hold: BudgetHold, owner: str) -> list[BudgetKey]:
    first_days = {"daily": hold.on, "monthly": hold.on.replace(day=1)}
    return [
        BudgetKey(period, scope, day, of_key)
        for period, day in first_days.items()
        for scope, of_key in ((owner, None), (None, None), *(((None, hold.key),) if hold.key else ()))
    ]


def _ttl(call: ProviderCall) -> dict[str, str]:
    return {"N": str(int((call.started_at + _LIFETIME).timestamp()))}


def _used_up(name: str, retry_after: timedelta | None) -> BudgetUsedUp:
    budget, _, period = name.partition("_")
    owned = {"owner": "Your", "key": "The API key's", "deployment": "The deployment's"}[budget]
    return BudgetUsedUp(
        f"{owned} {period} budget for generated images has no room for this request.",
        budget=budget,
        retry_after=retry_after,
    )
