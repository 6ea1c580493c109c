"""Generation jobs in the one table, and the money they take.

A job is a row of counters, and each of its images a row with a version. Whatever happens to images is one transaction:
their rows, each on the condition that its version is the one that was seen; the job's counters; the budgets' rows;
the owner's promised images where a quota counts them; for each call that ended, its entry in the ledger and the
statistics of its provider.
So counters, budgets and ledger can never disagree.

`committed` of a budget's row is what was spent and what is held besides: one number, so that one condition keeps it
within its limit. `spent` is the sum of the ledger's entries.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from image_store.adapters.dynamodb import keys, schema
from image_store.adapters.dynamodb.expiries import bring_forward, expiry_of
from image_store.adapters.dynamodb.generation import job_items
from image_store.adapters.dynamodb.images.usage_rows import UsageRows, no_room
from image_store.adapters.dynamodb.items import text_time
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite, refused
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.errors import BudgetExceeded, BudgetUsedUp
from image_store.domain.generation.budget import (
    Budgets,
    Spending,
    day_of,
    month_of,
    until_next_day,
    until_next_month,
)
from image_store.domain.generation.jobs import (
    LONGEST_LOOK,
    BudgetHold,
    CallOutcome,
    Job,
    JobItem,
    JobItemChange,
    JobItemState,
    JobName,
    JobPage,
    NamedJob,
    ProviderCall,
    ProviderPerformance,
)
from image_store.domain.generation.providers import Provider
from image_store.ports.generation import Generations

_KEPT_FOR = timedelta(days=400)
"""Budgets, ledger and statistics are kept for a year and some."""
_PROGRESS = "pk, sk, image_id, #id, #owner_key, #version, #updated, #cost, #unknown, #stopped, #job, #item, "
_PROGRESS += "#state, #change, #schema, "
_PROGRESS += ", ".join(f"#{state.value}" for state in JobItemState)
_PROGRESS_NAMES = {
    "#id": "id",
    "#owner_key": "owner_key",
    "#version": "version",
    "#updated": "updated",
    "#cost": "cost",
    "#unknown": "unknown_costs",
    "#stopped": "stopped",
    "#job": "job",
    "#item": "item",
    "#state": "state",
    "#change": "change",
    "#schema": schema.ATTRIBUTE,
    **{f"#{state.value}": state.value for state in JobItemState},
}


class DynamoGenerations(Generations):
    """Generations in the one table; the client is made at the first call."""

    def __init__(
        self,
        table: str,
        *,
        client: Callable[[], Any],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._rows = DynamoTable(table, client=client, sleep=sleep, monotonic=monotonic)
        self._usage = UsageRows(self._rows, monotonic=monotonic)

    # Writes -------------------------------------------------------------------------------------------

    def create(
        self,
        job: Job,
        items: Sequence[JobItem],
        *,
        budgets: Budgets,
        most_images: int,
        names: Sequence[JobName],
        due_at: datetime,
    ) -> None:
        row = job_items.job_row(job, due_at=due_at)
        writes: list[NamedWrite] = [("job", self._create(row))]
        writes += [
            ("item", self._create(job_items.item_row(item, ttl=int(row["ttl"]["N"])))) for item in items
        ]
        writes += [
            ("name", {"Put": {"TableName": self._table, **_taking(name, job.id, job.created_at)}})
            for name in names
        ]
        writes += self._budgets(_held(items, job.owner), budgets)
        if places := sum(item.has_place for item in items):
            writes.append(("quota", self._usage.promise(job.owner, places, most_images)))
        self._transact(writes, settled=lambda: self.job(job.id) is not None, at=job.created_at)

    def change(
        self,
        changes: Sequence[JobItemChange],
        *,
        at: datetime,
        budgets: Budgets,
        most_images: int = 0,
        due_at: datetime | None = None,
    ) -> None:
        first = changes[0].after
        writes: list[NamedWrite] = [("item", self._replace(change)) for change in changes]
        writes.append(("job", self._count(changes, at=at, due_at=due_at)))
        deltas = _held([change.after for change in changes], first.owner)
        for budget, micros in _held([change.before for change in changes], first.owner).items():
            deltas[budget] -= micros
        spent: Counter[_Budget] = Counter()
        for change in changes:
            charged = _charged(change)
            if charged and change.before.hold is not None:
                spent.update(dict.fromkeys(_budgets_of(change.before.hold, first.owner), charged))
        deltas.update(spent)
        writes += self._budgets(deltas, budgets, spent)
        places = sum(change.after.has_place - change.before.has_place for change in changes)
        if places:
            writes.append(
                ("quota", self._usage.promise(first.owner, places, most_images if places > 0 else 0))
            )
        for change in changes:
            if change.outcome is not None:
                writes += self._told(change, change.outcome)
        self._transact(writes, settled=lambda: self._is_mine(first), at=at)

    def give(self, name: JobName, job_id: str, *, at: datetime) -> None:
        if self._rows.conditional("put_item", **_taking(name, job_id, at)) is not None:
            return
        # botocore repeats a call whose answer it lost; the repeat then meets our own name.
        if self.named(name.name, at=at) != NamedJob(job_id, name.fingerprint, name.until):
            raise refused()

    def release(self, name: str, job_id: str) -> None:
        self._rows.conditional(
            "delete_item",
            Key=keys.join(name),
            ConditionExpression="job_id = :job",
            ExpressionAttributeValues={":job": {"S": job_id}},
        )

    def bring_forward(self, name: str, held: NamedJob, *, to: datetime) -> None:
        bring_forward(self._rows, keys.join(name), seen=held.until, to=to)

    def stop(self, job_id: str, *, at: datetime) -> None:
        self._update_job(
            job_id,
            "SET stopped = :stopped, updated = :updated ADD #version :one",
            {":stopped": {"BOOL": True}, ":updated": {"S": text_time(at)}, ":one": {"N": "1"}},
        )

    def look_again(self, job: Job, *, at: datetime | None) -> None:
        seen = {":seen": {"N": str(job.version)}}
        if at is None:
            self._update_job(job.id, "REMOVE due_shard, due_at", seen)
            return
        due = {":shard": {"S": keys.job_shard(job.id)}, ":due": {"S": text_time(at)}}
        self._update_job(job.id, "SET due_shard = :shard, due_at = :due", seen | due)

    def _update_job(self, job_id: str, update: str, values: Mapping[str, Any]) -> None:
        """Change a job's row, if it is at the version in `:seen`, or at all."""
        seen = ":seen" in values
        names = {"#version": "version"} if seen or "#version" in update else {}
        changed = self._rows.conditional(
            "update_item",
            Key=keys.key(keys.job(job_id), keys.JOB),
            UpdateExpression=update,
            ConditionExpression="#version = :seen" if seen else "attribute_exists(pk)",
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )
        if changed is None:
            raise refused()

    def _create(self, row: Mapping[str, Any]) -> dict[str, Any]:
        condition = "attribute_not_exists(pk)"
        return {"Put": {"TableName": self._table, "Item": row, "ConditionExpression": condition}}

    def _replace(self, change: JobItemChange) -> dict[str, Any]:
        after = change.after
        row = job_items.changing(after)
        return {
            "Update": {
                "TableName": self._table,
                "Key": keys.key(keys.job(after.job_id), keys.job_item(after.index)),
                "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in row),
                "ConditionExpression": "#version = :seen",
                "ExpressionAttributeNames": {f"#{name}": name for name in row},
                "ExpressionAttributeValues": {
                    ":seen": {"N": str(change.before.version)},
                    **{f":{name}": value for name, value in row.items()},
                },
            }
        }

    def _count(
        self, changes: Sequence[JobItemChange], *, at: datetime, due_at: datetime | None
    ) -> dict[str, Any]:
        numbers: Counter[str] = Counter({"version": 1})
        for change in changes:
            numbers[change.before.state.value] -= 1
            numbers[change.after.state.value] += 1
            numbers["cost"] += change.after.cost_micros - change.before.cost_micros
            numbers["unknown_costs"] += change.after.unknown_costs - change.before.unknown_costs
        added = {name: number for name, number in numbers.items() if number}
        values: dict[str, Any] = {f":{name}": {"N": str(number)} for name, number in added.items()}
        values[":updated"] = {"S": text_time(at)}
        settings = "SET updated = :updated"
        made = next((change.after.image_id for change in changes if change.after.image_id), None)
        if made is not None:
            settings += ", image_id = if_not_exists(image_id, :made)"
            values[":made"] = {"S": made}
        if due_at is not None:
            settings += ", stopped = :stopped, due_shard = :shard, due_at = :due"
            values[":stopped"] = {"BOOL": False}
            values[":shard"] = {"S": keys.job_shard(changes[0].after.job_id)}
            values[":due"] = {"S": text_time(due_at)}
        return {
            "Update": {
                "TableName": self._table,
                "Key": keys.key(keys.job(changes[0].after.job_id), keys.JOB),
                "UpdateExpression": f"{settings} ADD " + ", ".join(f"#{name} :{name}" for name in added),
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeNames": {f"#{name}": name for name in added},
                "ExpressionAttributeValues": values,
            }
        }

    def _budgets(
        self,
        committed: Mapping["_Budget", int],
        budgets: Budgets,
        spent: Mapping["_Budget", int] | None = None,
    ) -> list[NamedWrite]:
        writes: list[NamedWrite] = []
        for budget in committed.keys() | (spent or {}).keys():
            micros, paid = committed.get(budget, 0), (spent or {}).get(budget, 0)
            if not micros and not paid:
                continue
            values: dict[str, Any] = {":micros": {"N": str(micros)}, ":paid": {"N": str(paid)}}
            update: dict[str, Any] = {
                "TableName": self._table,
                "Key": budget.key,
                "UpdateExpression": "ADD committed :micros, spent :paid SET #ttl = if_not_exists(#ttl, :ttl)",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": values,
            }
            values[":ttl"] = {"N": str(budget.ttl)}
            limit = budget.limit(budgets)
            if limit and micros > 0 and not paid:
                update["ConditionExpression"] = "attribute_not_exists(committed) OR committed <= :room"
                values[":room"] = {"N": str(limit - micros)}
                if micros > limit:
                    raise BudgetExceeded(
                        "This request alone costs more than a budget for generated images allows."
                    )
            writes.append((budget.name, {"Update": update}))
        return writes

    def _told(self, change: JobItemChange, outcome: CallOutcome) -> list[NamedWrite]:
        """What is remembered of a call that ended."""
        owner, call, receipt = change.after.owner, outcome.call, outcome.receipt
        hold = change.before.hold
        on = hold.on if hold is not None else call.started_at.date()
        ttl = {"N": str(int((call.started_at + _KEPT_FOR).timestamp()))}
        writes: list[NamedWrite] = []
        known = receipt.cost_micros if receipt is not None and receipt.cost_micros is not None else 0
        if receipt is not None:
            entry: dict[str, Any] = {
                **_ledger_key(change.after, call, month_of(on)),
                "provider": {"S": call.provider.value},
                "model": {"S": call.model},
                "own_key": {"BOOL": call.own_key},
                "charged": {"N": str(_charged(change))},
                "prices": {"S": receipt.prices},
                "duration_ms": {"N": str(outcome.duration_ms)},
                "at": {"S": text_time(receipt.generated_at)},
                "ttl": ttl,
            }
            if receipt.cost_micros is not None:
                entry["cost"] = {"N": str(receipt.cost_micros)}
            if receipt.usage is not None:
                entry["usage"] = {"M": {unit: {"N": str(count)} for unit, count in receipt.usage.items()}}
            writes.append(("ledger", self._create(entry)))
        numbers = {
            "succeeded": int(outcome.succeeded),
            "failed": int(not outcome.succeeded),
            "refused": int(outcome.is_not_of_provider),
            "duration_ms": outcome.duration_ms if outcome.succeeded else 0,
            "cost": known,
            "unknown_costs": int(receipt is not None and receipt.cost_micros is None),
        }
        for scope in (None, owner):
            update = {
                "TableName": self._table,
                "Key": keys.performance(scope, day_of(call.started_at), call.provider.value),
                "UpdateExpression": "ADD "
                + ", ".join(f"#{name} :{name}" for name in numbers)
                + " SET #ttl = if_not_exists(#ttl, :ttl)",
                "ExpressionAttributeNames": {"#ttl": "ttl", **{f"#{name}": name for name in numbers}},
                "ExpressionAttributeValues": {
                    ":ttl": ttl,
                    **{f":{name}": {"N": str(number)} for name, number in numbers.items()},
                },
            }
            writes.append(("performance", {"Update": update}))
        return writes

    def _is_mine(self, item: JobItem) -> bool:
        found = self._get(keys.key(keys.job(item.job_id), keys.job_item(item.index)))
        return found is not None and found["change"]["S"] == item.change

    def _transact(self, writes: list[NamedWrite], *, settled: Callable[[], bool], at: datetime) -> None:
        self._rows.transact(writes, settled=settled, refusal=lambda failed: _refusal(failed, at))

    # Reads --------------------------------------------------------------------------------------------

    def named(self, name: str, *, at: datetime) -> NamedJob | None:
        row = self._get(keys.join(name))
        if row is None or expiry_of(row) < at.replace(microsecond=0):
            return None
        return NamedJob(row["job_id"]["S"], row["fingerprint"]["S"], expiry_of(row))

    def job(self, job_id: str) -> Job | None:
        row = self._get(keys.key(keys.job(job_id), keys.JOB))
        return job_items.job_of(row) if row is not None else None

    def items(self, job_id: str, *, wishes: bool = False) -> tuple[Job, list[JobItem]] | None:
        rows: list[dict[str, Any]] = []
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": keys.job(job_id)}},
            "ConsistentRead": True,
        }
        if not wishes:
            request |= {"ProjectionExpression": _PROGRESS, "ExpressionAttributeNames": _PROGRESS_NAMES}
        while True:
            answer = self._rows.call("query", **request)
            rows += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        job = next((row for row in rows if row["sk"]["S"] == keys.JOB), None)
        if job is None:
            return None
        found = [job_items.item_of(row) for row in rows if keys.is_job_item(row["sk"]["S"])]
        return job_items.job_of(job), sorted(found, key=lambda item: item.index)

    def item(self, job_id: str, index: int) -> tuple[Job, JobItem] | None:
        wanted = [keys.key(keys.job(job_id), sk) for sk in (keys.JOB, keys.job_item(index))]
        rows = {row["sk"]["S"]: row for row in self._rows.get_many(wanted)}
        if len(rows) < len(wanted):
            return None
        return job_items.job_of(rows[keys.JOB]), job_items.item_of(rows[keys.job_item(index)])

    def jobs(self, owner: str, *, after: str | None, limit: int) -> JobPage:
        request: dict[str, Any] = {}
        if after is not None:
            request["ExclusiveStartKey"] = {
                **keys.key(keys.job(after), keys.JOB),
                "owner_key": {"S": keys.jobs(owner)},
                "id": {"S": after},
            }
        answer = self._rows.call(
            "query",
            IndexName="by_owner",
            KeyConditionExpression="owner_key = :owner",
            ExpressionAttributeValues={":owner": {"S": keys.jobs(owner)}},
            ExpressionAttributeNames={"#id": "id"},
            ProjectionExpression="#id",
            ScanIndexForward=False,
            Limit=limit,
            **request,
        )
        ids = [row["id"]["S"] for row in answer["Items"]]
        rows = self._rows.get_many([keys.key(keys.job(job_id), keys.JOB) for job_id in ids])
        found = {job.id: job for job in schema.readable(rows, job_items.job_of)}
        resume = ids[-1] if "LastEvaluatedKey" in answer else None
        return JobPage(tuple(found[job_id] for job_id in ids if job_id in found), resume)

    def due(self, before: datetime, *, limit: int) -> Iterator[str]:
        # No job waits longer: a later time was set by a clock that ran ahead.
        latest = before + LONGEST_LOOK + CLOCK_SKEW
        ranges = (("due_at <= :bound", before), ("due_at > :bound", latest))
        for shard, (condition, bound) in product(keys.job_shards(), ranges):
            answer = self._rows.call(
                "query",
                IndexName="due",
                KeyConditionExpression=f"due_shard = :shard AND {condition}",
                ExpressionAttributeValues={":shard": {"S": shard}, ":bound": {"S": text_time(bound)}},
                Limit=limit,
            )
            yield from (row["pk"]["S"].removeprefix(keys.JOB_PREFIX) for row in answer["Items"])

    def spending(self, owner: str | None, *, on: date) -> tuple[Spending, Spending]:
        day, month = (
            self._get(keys.deployment_budget(period) if owner is None else keys.owner_budget(owner, period))
            for period in (day_of(on), month_of(on))
        )
        return _spending(day), _spending(month)

    def is_settled(self, item: JobItem, call: ProviderCall) -> bool:
        # The month is that of the hold of the time, which may be the month before.
        months = {month_of(call.started_at), month_of(call.started_at - timedelta(days=1))}
        if item.hold is not None:
            months.add(month_of(item.hold.on))
        return any(self._get(_ledger_key(item, call, month)) is not None for month in sorted(months))

    def performance(
        self, owner: str | None, *, since: date, until: date
    ) -> Mapping[date, Sequence[ProviderPerformance]]:
        found: dict[date, list[ProviderPerformance]] = {}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": keys.performance(owner, "", "")["pk"],
                ":first": {"S": day_of(since)},
                ":last": {"S": day_of(until)},  # the rows of that day are behind it
            },
        )
        for row in answer["Items"]:  # one of 200 bytes a day and provider: a year of them fits into an answer
            day, provider = keys.day_and_provider(row["sk"]["S"])
            told = {
                name: int(row[name]["N"]) for name in ("succeeded", "failed", "duration_ms", "unknown_costs")
            }
            # Rows of earlier versions do not tell refusals apart.
            told["refused"] = int(row.get("refused", {"N": "0"})["N"])
            cost = int(row["cost"]["N"])
            found.setdefault(date.fromisoformat(day), []).append(
                ProviderPerformance(provider=Provider(provider), cost_micros=cost, **told)
            )
        return found

    def _get(self, key: keys.Key) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._rows.call("get_item", Key=key, ConsistentRead=True).get("Item")
        return found


class _Budget(tuple[str, str | None, date]):
    """One budget: `daily` or `monthly`, of an owner or (None) of the deployment, with its day."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name under which its refusal is told."""
        return f"{'deployment' if self[1] is None else 'owner'}_{self[0]}"

    @property
    def key(self) -> keys.Key:
        """Its row."""
        period = day_of(self[2]) if self[0] == "daily" else month_of(self[2])
        return keys.deployment_budget(period) if self[1] is None else keys.owner_budget(self[1], period)

    @property
    def ttl(self) -> int:
        """Until when its row is kept."""
        day = self[2]
        return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + _KEPT_FOR).timestamp())

    def limit(self, budgets: Budgets) -> int:
        """Its limit in micro-dollars; 0 for none."""
        return int(getattr(budgets, self.name))


def _budgets_of(hold: BudgetHold, owner: str) -> list[_Budget]:
    month = hold.on.replace(day=1)
    return [
        _Budget((period, scope, month if period == "monthly" else hold.on))
        for period in ("daily", "monthly")
        for scope in (owner, None)
    ]


def _ledger_key(item: JobItem, call: ProviderCall, month: str) -> keys.Key:
    return keys.ledger(item.owner, month, job_id=item.job_id, index=item.index, call_id=call.id)


def _held(items: Sequence[JobItem], owner: str) -> Counter[_Budget]:
    """What images hold of each budget."""
    held: Counter[_Budget] = Counter()
    for item in items:
        if item.hold is not None:
            held.update(dict.fromkeys(_budgets_of(item.hold, owner), item.hold.micros))
    return held


def _charged(change: JobItemChange) -> int:
    """What a change takes from the budgets for good: the cost, or what was held where the cost is not known."""
    receipt = change.outcome.receipt if change.outcome is not None else None
    if receipt is None or receipt.call.own_key or change.before.hold is None:
        return 0
    return change.before.hold.micros if receipt.cost_micros is None else receipt.cost_micros


def _spending(row: Mapping[str, Any] | None) -> Spending:
    if row is None:
        return Spending()
    spent = int(row["spent"]["N"])
    return Spending(spent, int(row["committed"]["N"]) - spent)


def _taking(name: JobName, job_id: str, at: datetime) -> dict[str, Any]:
    row = {
        **keys.join(name.name),
        "job_id": {"S": job_id},
        "fingerprint": {"S": name.fingerprint},
        "ttl": {"N": str(int(name.until.timestamp()))},
    }
    return {
        "Item": row,
        # DynamoDB removes expired rows late: one that has expired counts as absent.
        "ConditionExpression": "attribute_not_exists(pk) OR #ttl < :now",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {":now": {"N": str(int(at.timestamp()))}},
    }


def _refusal(failed: set[str], at: datetime) -> Exception:
    # What was asked for is there already, or was changed: money does not matter.
    if failed & {"name", "item"}:
        return refused()
    monthly = {name for name in failed if name.endswith("_monthly")}
    daily = {name for name in failed if name.endswith("_daily")}
    if monthly:
        return _used_up(min(monthly), until_next_month(at))
    if daily:
        return _used_up(min(daily), until_next_day(at))
    if "quota" in failed:
        return no_room()
    return refused()


def _used_up(name: str, retry_after: timedelta | None) -> BudgetUsedUp:
    whose, _, period = name.partition("_")
    owned = "Your" if whose == "owner" else "The deployment's"
    return BudgetUsedUp(
        f"{owned} {period} budget for generated images has no room for this request.",
        whose=whose,
        retry_after=retry_after,
    )
