"""The events of generations: an item or a job has ended, or a budget is nearly or fully used."""

from dataclasses import dataclass
from datetime import UTC, datetime

from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.generation.jobs import Job, JobItem
from image_store.domain.generation.money import usd

REACHED_PERCENT = (80, 100)
"""The parts of a budget that have an event each when they are spent or held."""


def item_events(before: JobItem | None, after: JobItem | None, *, at: datetime) -> list[Event]:
    """The event of a job item that has ended with this change; none for any other change."""
    if after is None or not after.has_ended or (before is not None and before.has_ended):
        return []
    data = {
        "generation_id": after.job_id,
        "index": after.index,
        "status": after.state.value,
        "image_id": after.image_id,
        "provider": after.provider.value if after.provider else None,
        "model": after.model,
        "cost_usd": usd(after.cost),
        "error_code": after.error.code if after.error else None,
    }
    change = ("item", after.job_id, str(after.index), str(after.version), after.change)
    return [new_event(EventType.GENERATION_ITEM_FINISHED, change=change, at=at, owner=after.owner, data=data)]


def job_events(before: Job | None, after: Job | None, *, at: datetime) -> list[Event]:
    """The event of a job whose last item has ended with this change; a job that is retried ends again."""
    if after is None or not after.has_ended or (before is not None and before.has_ended):
        return []
    data = {
        "generation_id": after.id,
        "status": after.status.value,
        "counts": {state.value: count for state, count in after.counts.items() if count},
        "cost_usd": usd(after.cost),
    }
    change = ("job", after.id, str(after.version))
    return [
        new_event(
            EventType.GENERATION_FINISHED, change=change, at=after.updated_at, owner=after.owner, data=data
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """A budget as a write of the table left it."""

    name: str
    """The key of its row, which no other budget has."""
    holder: str
    """`owner`, `key` or `deployment`."""
    owner: str | None
    """Whose budget it is; None for the deployment's."""
    key_id: str | None
    period: str
    """Its day, as `yyyy-mm-dd`, or its month, as `yyyy-mm`."""
    committed_micros: int
    """What is spent or held, in micro-dollars."""
    limit_micros: int
    """0 for no limit."""

    def has_reached(self, percent: int) -> bool:
        """Whether this part of its limit is spent or held."""
        return 0 < self.limit_micros * percent <= self.committed_micros * 100


def budget_events(before: BudgetState | None, after: BudgetState, *, at: datetime) -> list[Event]:
    """The events of a budget that has come to a part of `REACHED_PERCENT` with this change.

    A hold that ends can bring it below again, so a budget can come to the same part twice. The id stays the same, as
    long as the limit does.
    """
    return [
        new_event(
            EventType.BUDGET_REACHED,
            change=("budget", after.name, str(percent), str(after.limit_micros)),
            at=at,
            id_time=_start_of(after.period),
            owner=after.owner,
            data={
                "budget": after.holder,
                "key_id": after.key_id,
                "period": after.period,
                "percent": percent,
                "committed_usd": usd(after.committed_micros),
                "limit_usd": usd(after.limit_micros),
            },
        )
        for percent in REACHED_PERCENT
        if after.has_reached(percent) and not (before is not None and before.has_reached(percent))
    ]


def _start_of(period: str) -> datetime:
    """The first instant of a day or a month."""
    return datetime.strptime(f"{period}-01"[:10], "%Y-%m-%d").replace(tzinfo=UTC)
