"""Generation jobs in the table, with budgets, ledger and statistics.

A job is a row of counters, and each of its items a row with a version. Every change of items is one transaction: it
writes their rows, each on the condition that its version is the one that was read; the job's counters; the budgets; the
owner's promised images if a quota counts them; and for each call that ended, its ledger entry and the statistics of its
provider. So counters, budgets and ledger can never disagree.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import product
from typing import Any

from image_store.adapters.dynamodb import generation_keys, keys, schema
from image_store.adapters.dynamodb.expiries import bring_forward, expiry_of
from image_store.adapters.dynamodb.generation import job_items, money
from image_store.adapters.dynamodb.images.charges import charge_write
from image_store.adapters.dynamodb.images.usage_rows import UsageRows, no_room
from image_store.adapters.dynamodb.items import text_time
from image_store.adapters.dynamodb.table import DynamoTable, NamedWrite, OnTable, refused
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.generation.budget import Budgets, Spending, day_of, month_of
from image_store.domain.generation.jobs import (
    LONGEST_LOOK,
    Job,
    JobItem,
    JobItemChange,
    JobItemState,
    JobName,
    JobPage,
    NamedJob,
)
from image_store.domain.generation.ledger import ProviderCall, ProviderPerformance
from image_store.domain.generation.providers import Provider
from image_store.domain.images.reservation import Charge
from image_store.ports.generation import Generations

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


class DynamoGenerations(OnTable, Generations):
    """Generation jobs in the table."""

    def __init__(self, table: DynamoTable) -> None:
        super().__init__(table)
        self._usage = UsageRows(table)

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
        charges: Sequence[Charge] = (),
    ) -> None:
        row = job_items.job_row(job, due_at=due_at)
        writes: list[NamedWrite] = [("job", self._create(row))]
        writes += [
            ("item", self._create(job_items.item_row(item, ttl=int(row["ttl"]["N"])))) for item in items
        ]
        writes += [
            ("name", {"Put": {"TableName": self._rows.name, **_name_put(name, job.id, job.created_at)}})
            for name in names
        ]
        budget_holds = money.holds(items, job.owner)
        if places := sum(item.has_place for item in items):
            writes.append(("quota", self._usage.promise(job.owner, places, most_images)))
        with money.refusals_noted(self._rows, budget_holds, budgets):
            writes += money.budget_writes(self._rows.name, budget_holds, budgets)
            self._transact(
                writes, settled=lambda: self.job(job.id) is not None, at=job.created_at, charges=charges
            )

    def change(
        self,
        changes: Sequence[JobItemChange],
        *,
        at: datetime,
        budgets: Budgets,
        most_images: int = 0,
        due_at: datetime | None = None,
        charges: Sequence[Charge] = (),
    ) -> None:
        first = changes[0].after
        writes: list[NamedWrite] = [("item", self._replace(change)) for change in changes]
        writes.append(("job", self._count(changes, at=at, due_at=due_at)))
        places = sum(change.after.has_place - change.before.has_place for change in changes)
        if places:
            writes.append(
                ("quota", self._usage.promise(first.owner, places, most_images if places > 0 else 0))
            )
        for change in changes:
            if change.outcome is not None:
                writes += money.outcome_writes(self._rows.name, change, change.outcome)
        budget_holds = money.holds([change.after for change in changes], first.owner)
        with money.refusals_noted(self._rows, budget_holds, budgets):
            writes += money.change_writes(self._rows.name, changes, first.owner, budgets)
            self._transact(writes, settled=lambda: self._is_mine(first), at=at, charges=charges)

    def add_name(self, name: JobName, job_id: str, *, at: datetime) -> None:
        if self._rows.conditional("put_item", **_name_put(name, job_id, at)) is not None:
            return
        # If botocore loses a response, it repeats the call, which then finds our own name.
        if self.named(name.name, at=at) != NamedJob(job_id, name.fingerprint, name.until):
            raise refused()

    def remove_name(self, name: str, job_id: str) -> None:
        self._rows.conditional(
            "delete_item",
            Key=generation_keys.join(name),
            ConditionExpression="job_id = :job",
            ExpressionAttributeValues={":job": {"S": job_id}},
        )

    def bring_forward(self, name: str, holder: NamedJob, *, to: datetime) -> None:
        bring_forward(self._rows, generation_keys.join(name), current=holder.until, to=to)

    def cancel(self, job_id: str, *, at: datetime) -> None:
        self._update_job(
            job_id,
            "SET stopped = :stopped, updated = :updated ADD #version :one",
            {":stopped": {"BOOL": True}, ":updated": {"S": text_time(at)}, ":one": {"N": "1"}},
        )

    def schedule(self, job: Job, *, at: datetime | None) -> None:
        seen = {":seen": {"N": str(job.version)}}
        if at is None:
            self._update_job(job.id, "REMOVE due_shard, due_at", seen)
            return
        due = {":shard": {"S": generation_keys.job_shard(job.id)}, ":due": {"S": text_time(at)}}
        self._update_job(job.id, "SET due_shard = :shard, due_at = :due", seen | due)

    def _update_job(self, job_id: str, update: str, values: Mapping[str, Any]) -> None:
        """Change a job's row, on the condition that it has the version in `:seen`, or exists if there is none."""
        seen = ":seen" in values
        names = {"#version": "version"} if seen or "#version" in update else {}
        changed = self._rows.conditional(
            "update_item",
            Key=keys.key(generation_keys.job(job_id), generation_keys.JOB),
            UpdateExpression=update,
            ConditionExpression="#version = :seen" if seen else "attribute_exists(pk)",
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )
        if changed is None:
            raise refused()

    def _create(self, row: Mapping[str, Any]) -> dict[str, Any]:
        condition = "attribute_not_exists(pk)"
        return {"Put": {"TableName": self._rows.name, "Item": row, "ConditionExpression": condition}}

    def _replace(self, change: JobItemChange) -> dict[str, Any]:
        after = change.after
        row = job_items.changed_attributes(after)
        return {
            "Update": {
                "TableName": self._rows.name,
                "Key": keys.key(generation_keys.job(after.job_id), generation_keys.job_item(after.index)),
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
        image_id = next((change.after.image_id for change in changes if change.after.image_id), None)
        if image_id is not None:
            settings += ", image_id = if_not_exists(image_id, :made)"
            values[":made"] = {"S": image_id}
        if due_at is not None:
            settings += ", stopped = :stopped, due_shard = :shard, due_at = :due"
            values[":stopped"] = {"BOOL": False}
            values[":shard"] = {"S": generation_keys.job_shard(changes[0].after.job_id)}
            values[":due"] = {"S": text_time(due_at)}
        return {
            "Update": {
                "TableName": self._rows.name,
                "Key": keys.key(generation_keys.job(changes[0].after.job_id), generation_keys.JOB),
                "UpdateExpression": f"{settings} ADD " + ", ".join(f"#{name} :{name}" for name in added),
                "ConditionExpression": "attribute_exists(pk)",
                "ExpressionAttributeNames": {f"#{name}": name for name in added},
                "ExpressionAttributeValues": values,
            }
        }

    def _is_mine(self, item: JobItem) -> bool:
        row = self._get(keys.key(generation_keys.job(item.job_id), generation_keys.job_item(item.index)))
        return row is not None and row["change"]["S"] == item.change

    def _transact(
        self,
        writes: list[NamedWrite],
        *,
        settled: Callable[[], bool],
        at: datetime,
        charges: Sequence[Charge],
    ) -> None:
        by_name = {f"charge {number}": charge for number, charge in enumerate(charges)}
        writes += [(name, charge_write(self._rows.name, charge)) for name, charge in by_name.items()]

        def refusal(failures: set[str]) -> Exception:
            error = _refusal(failures - by_name.keys(), at)
            used_up = [charge.refusal for name, charge in by_name.items() if name in failures]
            return used_up[0] if used_up and failures <= by_name.keys() else error

        self._rows.transact(writes, settled=settled, refusal=refusal)

    # Reads --------------------------------------------------------------------------------------------

    def named(self, name: str, *, at: datetime) -> NamedJob | None:
        row = self._get(generation_keys.join(name))
        if row is None or expiry_of(row) < at.replace(microsecond=0):
            return None
        return NamedJob(row["job_id"]["S"], row["fingerprint"]["S"], expiry_of(row))

    def job(self, job_id: str) -> Job | None:
        row = self._get(keys.key(generation_keys.job(job_id), generation_keys.JOB))
        return job_items.job_of(row) if row is not None else None

    def items(self, job_id: str, *, with_requests: bool = False) -> tuple[Job, list[JobItem]] | None:
        rows: list[dict[str, Any]] = []
        request: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": generation_keys.job(job_id)}},
            "ConsistentRead": True,
        }
        if not with_requests:
            request |= {"ProjectionExpression": _PROGRESS, "ExpressionAttributeNames": _PROGRESS_NAMES}
        while True:
            answer = self._rows.call("query", **request)
            rows += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        job = next((row for row in rows if row["sk"]["S"] == generation_keys.JOB), None)
        if job is None:
            return None
        items = [job_items.item_of(row) for row in rows if generation_keys.is_job_item(row["sk"]["S"])]
        return job_items.job_of(job), sorted(items, key=lambda item: item.index)

    def item(self, job_id: str, index: int) -> tuple[Job, JobItem] | None:
        row_keys = [
            keys.key(generation_keys.job(job_id), sk)
            for sk in (generation_keys.JOB, generation_keys.job_item(index))
        ]
        rows = {row["sk"]["S"]: row for row in self._rows.get_many(row_keys)}
        if len(rows) < len(row_keys):
            return None
        return job_items.job_of(rows[generation_keys.JOB]), job_items.item_of(
            rows[generation_keys.job_item(index)]
        )

    def jobs(self, owner: str, *, after: str | None, limit: int) -> JobPage:
        request: dict[str, Any] = {}
        if after is not None:
            request["ExclusiveStartKey"] = {
                **keys.key(generation_keys.job(after), generation_keys.JOB),
                "owner_key": {"S": generation_keys.jobs(owner)},
                "id": {"S": after},
            }
        answer = self._rows.call(
            "query",
            IndexName="by_owner",
            KeyConditionExpression="owner_key = :owner",
            ExpressionAttributeValues={":owner": {"S": generation_keys.jobs(owner)}},
            ExpressionAttributeNames={"#id": "id"},
            ProjectionExpression="#id",
            ScanIndexForward=False,
            Limit=limit,
            **request,
        )
        ids = [row["id"]["S"] for row in answer["Items"]]
        rows = self._rows.get_many(
            [keys.key(generation_keys.job(job_id), generation_keys.JOB) for job_id in ids]
        )
        jobs = {job.id: job for job in schema.readable(rows, job_items.job_of)}
        resume = ids[-1] if "LastEvaluatedKey" in answer else None
        return JobPage(tuple(jobs[job_id] for job_id in ids if job_id in jobs), resume)

    def due(self, before: datetime, *, limit: int) -> Iterator[str]:
        # No job waits longer than LONGEST_LOOK: a fast clock has set a later time.
        latest = before + LONGEST_LOOK + CLOCK_SKEW
        ranges = (("due_at <= :bound", before), ("due_at > :bound", latest))
        for shard, (condition, bound) in product(generation_keys.job_shards(), ranges):
            answer = self._rows.call(
                "query",
                IndexName="due",
                KeyConditionExpression=f"due_shard = :shard AND {condition}",
                ExpressionAttributeValues={":shard": {"S": shard}, ":bound": {"S": text_time(bound)}},
                Limit=limit,
            )
            yield from (row["pk"]["S"].removeprefix(generation_keys.JOB_PREFIX) for row in answer["Items"])

    def spending(self, owner: str | None, *, on: date) -> tuple[Spending, Spending]:
        day, month = (
            self._get(
                generation_keys.deployment_budget(period)
                if owner is None
                else generation_keys.owner_budget(owner, period)
            )
            for period in (day_of(on), month_of(on))
        )
        return money.spending_of(day), money.spending_of(month)

    def is_settled(self, item: JobItem, call: ProviderCall) -> bool:
        months = money.ledger_months(item, call)
        return any(self._get(money.ledger_key(item, call, month)) is not None for month in months)

    def performance(
        self, owner: str | None, *, since: date, until: date
    ) -> Mapping[date, Sequence[ProviderPerformance]]:
        days: dict[date, list[ProviderPerformance]] = {}
        answer = self._rows.call(
            "query",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": generation_keys.performance(owner, "", "")["pk"],
                ":first": {"S": day_of(since)},
                ":last": {"S": day_of(until)},  # the rows of that day sort after it
            },
        )
        for row in answer[
            "Items"
        ]:  # 200 bytes for each day and provider: a year of them fits into one response
            day, provider = generation_keys.day_and_provider(row["sk"]["S"])
            performance = money.performance_of(row, Provider(provider))
            days.setdefault(date.fromisoformat(day), []).append(performance)
        return days

    def _get(self, key: keys.Key) -> dict[str, Any] | None:
        row: dict[str, Any] | None = self._rows.call("get_item", Key=key, ConsistentRead=True).get("Item")
        return row


def _name_put(name: JobName, job_id: str, at: datetime) -> dict[str, Any]:
    row = {
        **generation_keys.join(name.name),
        "job_id": {"S": job_id},
        "fingerprint": {"S": name.fingerprint},
        "ttl": {"N": str(int(name.until.timestamp()))},
    }
    return {
        "Item": row,
        # DynamoDB removes expired rows late, so an expired row counts as absent.
        "ConditionExpression": "attribute_not_exists(pk) OR #ttl < :now",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {":now": {"N": str(int(at.timestamp()))}},
    }


def _refusal(failures: set[str], at: datetime) -> Exception:
    # If the job exists already, or was changed, budgets and quota do not matter.
    if failures & {"name", "item"}:
        return refused()
    if (used_up := money.budget_refusal(failures, at)) is not None:
        return used_up
    return no_room() if "quota" in failures else refused()
