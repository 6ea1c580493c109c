"""Generation jobs, breakers, keys and providers in memory."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.errors import BudgetExceeded, BudgetUsedUp, Conflict, QuotaExceeded
from image_store.domain.generation.breaker import Breaker
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
from image_store.domain.generation.jobs import (
    LONGEST_LOOK,
    Job,
    JobItem,
    JobItemChange,
    JobName,
    JobPage,
    NamedJob,
)
from image_store.domain.generation.ledger import CallOutcome, ProviderCall, ProviderPerformance
from image_store.domain.generation.providers import (
    ImageRequest,
    Provider,
    ProviderFailure,
    ProviderKey,
    ProviderPicture,
)
from image_store.domain.images.reservation import Charge
from image_store.ports.generation import Generations, ImageProvider, ProviderHealth, ProviderKeys
from tests.fakes.repository import MemoryRepository

Budget = tuple[str, str | KeyBudget | None, str]
"""Daily or monthly, of an owner, of `KeyBudget` or (None) the deployment, and the period."""


class MemoryGenerations(Generations):
    """Generations in memory; `ledger` is what was paid, `rows` are the images, `names` the jobs' names, for tests."""

    def __init__(self, repository: MemoryRepository) -> None:
        self.rows: dict[tuple[str, int], JobItem] = {}
        self.ledger: dict[tuple[str, int, str], int | None] = {}
        self.charged: dict[tuple[str, int, str], int] = {}
        self.committed: Counter[Budget] = Counter()
        self.spent: Counter[Budget] = Counter()
        self._jobs: dict[str, Job] = {}
        self.names: dict[str, NamedJob] = {}
        self._due: dict[str, datetime] = {}
        self._performance: dict[tuple[str | None, str, Provider], ProviderPerformance] = {}
        self._repository = repository

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
        if any(self.named(name.name, at=job.created_at) is not None for name in names):
            raise Conflict("The name is held.")
        reserve = self._held(items)
        self._check(reserve, budgets, job.created_at)
        places = sum(item.has_place for item in items)
        self._check_quota(job.owner, places, most_images)
        self._repository.counters.charge(charges)
        self.committed.update(reserve)
        self._repository.promised[job.owner] += places
        self._jobs[job.id] = job
        self._due[job.id] = due_at
        for item in items:
            self.rows[item.job_id, item.index] = item
        for name in names:
            self.names[name.name] = NamedJob(job.id, name.fingerprint, name.until.replace(microsecond=0))

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
        job = self._jobs[changes[0].after.job_id]
        for change in changes:
            row = self.rows[change.after.job_id, change.after.index]
            if row.change == change.after.change:
                return
            if row.version != change.before.version:
                raise Conflict("Changed.")
        deltas = self._held([change.after for change in changes])
        deltas.subtract(self._held([change.before for change in changes]))
        self._check(+deltas, budgets, at)
        places = sum(change.after.has_place - change.before.has_place for change in changes)
        if places > 0:
            self._check_quota(job.owner, places, most_images)
        self._repository.counters.charge(charges)
        self._repository.promised[job.owner] += places
        self.committed.update(deltas)
        counts = Counter(job.counts)
        for change in changes:
            counts[change.before.state] -= 1
            counts[change.after.state] += 1
            self.rows[change.after.job_id, change.after.index] = replace(
                change.after, request=self.rows[change.after.job_id, change.after.index].request
            )
            if change.outcome is not None:
                self._tell(change, change.outcome)
        image_ids = (change.after.image_id for change in changes if change.after.image_id)
        self._jobs[job.id] = replace(
            job,
            image_id=job.image_id or next(image_ids, None),
            counts=dict(counts),
            version=job.version + 1,
            updated_at=at,
            is_cancelled=job.is_cancelled and due_at is None,
            cost_micros=job.cost_micros + sum(c.after.cost_micros - c.before.cost_micros for c in changes),
            unknown_costs=job.unknown_costs
            + sum(c.after.unknown_costs - c.before.unknown_costs for c in changes),
        )
        if due_at is not None:
            self._due[job.id] = due_at

    def cancel(self, job_id: str, *, at: datetime) -> None:
        job = self._jobs[job_id]
        self._jobs[job_id] = replace(job, is_cancelled=True, version=job.version + 1, updated_at=at)

    def named(self, name: str, *, at: datetime) -> NamedJob | None:
        named_job = self.names.get(name)
        return named_job if named_job is not None and named_job.until >= at.replace(microsecond=0) else None

    def add_name(self, name: JobName, job_id: str, *, at: datetime) -> None:
        if self.named(name.name, at=at) is not None:
            raise Conflict("The name is held.")
        self.names[name.name] = NamedJob(job_id, name.fingerprint, name.until.replace(microsecond=0))

    def remove_name(self, name: str, job_id: str) -> None:
        named_job = self.names.get(name)
        if named_job is not None and named_job.job_id == job_id:
            del self.names[name]

    def bring_forward(self, name: str, before: NamedJob, *, to: datetime) -> None:
        current = self.names.get(name)
        if current == before and current.until == before.until:
            self.names[name] = replace(before, until=to.replace(microsecond=0))

    def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def items(self, job_id: str, *, with_requests: bool = False) -> tuple[Job, list[JobItem]] | None:
        job = self._jobs.get(job_id)
        if job is None:
            return None
        items_of_job = [item for (of, _), item in self.rows.items() if of == job_id]
        seen = items_of_job if with_requests else [replace(item, request=None) for item in items_of_job]
        return job, sorted(seen, key=lambda item: item.index)

    def item(self, job_id: str, index: int) -> tuple[Job, JobItem] | None:
        row = self.rows.get((job_id, index))
        return (self._jobs[job_id], row) if row is not None else None

    def jobs(self, owner: str, *, after: str | None, limit: int) -> JobPage:
        jobs_of_owner = sorted(
            (job for job in self._jobs.values() if job.owner == owner), key=lambda job: job.id
        )
        older = [job for job in reversed(jobs_of_owner) if after is None or job.id < after]
        page = tuple(older[:limit])
        return JobPage(page, page[-1].id if len(older) > limit else None)

    def due(self, before: datetime, *, limit: int) -> Iterator[str]:
        latest = before + LONGEST_LOOK + CLOCK_SKEW
        yield from [job_id for job_id, at in self._due.items() if not before < at <= latest][:limit]

    def schedule(self, job: Job, *, at: datetime | None) -> None:
        if self._jobs[job.id].version != job.version:
            raise Conflict("Changed.")
        self._due.pop(job.id, None)
        if at is not None:
            self._due[job.id] = at

    def spending(self, owner: str | None, *, on: date) -> tuple[Spending, Spending]:
        keys: list[Budget] = [("daily", owner, day_of(on)), ("monthly", owner, month_of(on))]
        day, month = (Spending(self.spent[key], self.committed[key] - self.spent[key]) for key in keys)
        return day, month

    def is_settled(self, item: JobItem, call: ProviderCall) -> bool:
        return (item.job_id, item.index, call.id) in self.ledger

    def performance(
        self, owner: str | None, *, since: date, until: date
    ) -> Mapping[date, Sequence[ProviderPerformance]]:
        days: dict[date, list[ProviderPerformance]] = {}
        for (scope, day, _), figures in self._performance.items():
            on = date.fromisoformat(day)
            if scope == owner and since <= on < until:
                days.setdefault(on, []).append(figures)
        return days

    def _held(self, items: Sequence[JobItem]) -> Counter[Budget]:
        total: Counter[Budget] = Counter()
        for item in items:
            if item.hold is not None:
                for key in _budgets_of(item.owner, item.hold):
                    total[key] += item.hold.micros
        return total

    def _check(self, amounts: Mapping[Budget, int], budgets: Budgets, at: datetime) -> None:
        for (period, owner, name), micros in amounts.items():
            budget = "deployment" if owner is None else "key" if isinstance(owner, KeyBudget) else "owner"
            limit = getattr(owner, period) if budget == "key" else getattr(budgets, f"{budget}_{period}")
            if limit and micros > limit:
                raise BudgetExceeded("Alone it is too much.", budget=budget)
            if limit and micros and self.committed[period, owner, name] + micros > limit:
                wait = until_next_day(at) if period == "daily" else until_next_month(at)
                raise BudgetUsedUp("There is no room.", budget=budget, retry_after=wait)

    def _check_quota(self, owner: str, images: int, most: int) -> None:
        used = self._repository.usage(owner).images + self._repository.promised[owner]
        if most and used + images > most:
            raise QuotaExceeded("There is no room.")

    def _tell(self, change: JobItemChange, outcome: CallOutcome) -> None:
        entry, hold = outcome.entry, change.before.hold
        known = 0
        if entry is not None:
            charged = 0
            if hold is not None and not entry.call.own_key:
                charged = hold.micros if entry.cost_micros is None else entry.cost_micros
            key = (change.after.job_id, change.after.index, entry.call.id)
            assert key not in self.ledger
            self.ledger[key], self.charged[key] = entry.cost_micros, charged
            known = entry.cost_micros or 0
            if hold is not None and charged:
                for budget in _budgets_of(change.after.owner, hold):
                    self.committed[budget] += charged
                    self.spent[budget] += charged
        figures = ProviderPerformance(
            provider=outcome.call.provider,
            succeeded=int(outcome.succeeded),
            failed=int(not outcome.succeeded),
            refused=int(outcome.is_not_of_provider),
            duration_ms=outcome.duration_ms if outcome.succeeded else 0,
            cost_micros=known,
            unknown_costs=int(entry is not None and entry.cost_micros is None),
        )
        for scope in (None, change.after.owner):
            row = (scope, day_of(outcome.call.started_at), outcome.call.provider)
            before = self._performance.get(row, ProviderPerformance(provider=outcome.call.provider))
            self._performance[row] = before + figures


class MemoryHealth(ProviderHealth):
    """ProviderHealth in memory, beside the jobs whose calls it counts."""

    def __init__(self, generations: MemoryGenerations) -> None:
        self._generations = generations
        self.rows: defaultdict[Provider, Breaker] = defaultdict(Breaker)

    def breakers(self) -> Mapping[Provider, Breaker]:
        return {provider: self.rows[provider] for provider in Provider}

    def save(self, provider: Provider, after: Breaker) -> bool:
        if self.rows[provider].version != after.version - 1:
            return False
        self.rows[provider] = after
        return True

    def image_count(self, provider: Provider, *, on: date) -> int:
        days = self._generations.performance(None, since=on, until=on + timedelta(days=1))
        return sum(figures.succeeded for figures in days.get(on, ()) if figures.provider is provider)


class MemoryKeys(ProviderKeys):
    """ProviderKeys in memory."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Provider], ProviderKey] = {}

    def put(self, owner: str, provider: Provider, key: ProviderKey) -> None:
        self.rows[owner, provider] = key

    def remove(self, owner: str, provider: Provider) -> None:
        self.rows.pop((owner, provider), None)

    def providers(self, owner: str) -> frozenset[Provider]:
        return frozenset(provider for of, provider in self.rows if of == owner)

    def get(self, owner: str, provider: Provider) -> ProviderKey | None:
        return self.rows.get((owner, provider))


Answer = ProviderPicture | ProviderFailure | BaseException


class MemoryProvider(ImageProvider):
    """An ImageProvider that answers what it is told; `asked` is what it was asked, with which key."""

    def __init__(self, answer: Callable[[ImageRequest], Answer]) -> None:
        self.answer = answer
        self.asked: list[tuple[ImageRequest, ProviderKey]] = []
        self.paid = 0

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        self.asked.append((request, key))
        answer = self.answer(request)
        if isinstance(answer, BaseException):
            raise answer
        self.paid += 1
        return answer


def _budgets_of(owner: str, hold: BudgetHold) -> list[Budget]:
    return [
        (period, scope, day_of(hold.on) if period == "daily" else month_of(hold.on))
        for period in ("daily", "monthly")
        for scope in (owner, None, *((hold.key,) if hold.key else ()))
    ]
