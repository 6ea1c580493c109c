"""Generation jobs and their items: what a job makes, and how far each image has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import Conflict
from image_store.domain.generation.budget import BudgetHold
from image_store.domain.generation.ledger import CallOutcome, ProviderCall
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import GenerationRequest, ModelPreference
from image_store.domain.work import GenerateImage

MAX_IMAGES = 50
"""The largest number of images of one job."""
JOB_LIFETIME = timedelta(days=90)
"""How long a job can be read."""
LONGEST_LOOK = timedelta(hours=1)
"""The longest time between two examinations of a running job by the sweep."""
LONGEST_LEASE = timedelta(minutes=6)
"""Longer than the longest run of the function that makes an image."""
WAITING_LIFETIME = timedelta(minutes=30)
"""How long an item waits for a provider that can be called."""


class JobItemState(StrEnum):
    """The states of a job item."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobStatus(StrEnum):
    """The state of a job, derived from the states of its items."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


JOB_ITEM_TRANSITIONS: Mapping[JobItemState, frozenset[JobItemState]] = {
    JobItemState.QUEUED: frozenset(
        {JobItemState.QUEUED, JobItemState.RUNNING, JobItemState.FAILED, JobItemState.CANCELLED}
    ),
    JobItemState.RUNNING: frozenset(
        {
            JobItemState.QUEUED,
            JobItemState.RUNNING,
            JobItemState.SUCCEEDED,
            JobItemState.FAILED,
            JobItemState.CANCELLED,
        }
    ),
    JobItemState.FAILED: frozenset({JobItemState.QUEUED}),
    JobItemState.CANCELLED: frozenset(),
    JobItemState.SUCCEEDED: frozenset(),
}
"""The legal transitions. RUNNING → RUNNING is a worker that takes over from a dead one."""
ENDED = frozenset({JobItemState.SUCCEEDED, JobItemState.FAILED, JobItemState.CANCELLED})


@dataclass(frozen=True, slots=True)
class JobItemError:
    """Why an image was not made; it contains no prompt, key or address."""

    code: str
    detail: str
    reason: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobItem:
    """One image of a job: its request, its state, and its calls so far."""

    job_id: str
    index: int
    request_index: int
    """The item of the HTTP request that it belongs to; variations share it."""
    owner: str
    request: GenerationRequest | None
    """None if it was not read."""
    state: JobItemState = JobItemState.QUEUED
    version: int = 1
    change: str
    """The name of the change that wrote this version; it decides whether a write with a lost response succeeded."""
    calls: int = 0
    """The number of provider calls."""
    retries: int = 0
    """The number of calls that repeated a transient failure."""
    unable_providers: tuple[Provider, ...] = ()
    """Providers that cannot make it, now or later."""
    failed_providers: tuple[Provider, ...] = ()
    """Providers whose calls for it failed with a transient error."""
    not_before: datetime
    deadline: datetime
    """The time by which a provider must be found."""
    lease_until: datetime | None = None
    call: ProviderCall | None = None
    """The call that runs, or whose result is being stored."""
    is_call_recorded: bool = False
    """Whether the result of `call` is spooled and its cost is in the ledger."""
    hold: BudgetHold | None
    api_key: str | None = None
    """The id of the API key that ordered it; its cost and its image count for the key."""
    promised: bool = False
    """Whether it has a place in its owner's quota until it ends."""
    provider: Provider | None = None
    model: str | None = None
    duration_ms: int | None = None
    cost_micros: int = 0
    """The sum of all known costs of its calls."""
    unknown_costs: int = 0
    image_id: str | None = None
    error: JobItemError | None = None
    prompt: str | None = None
    """The beginning of its prompt, for lists; None if prompts are encrypted."""

    def may_be_taken(self, now: datetime) -> bool:
        """Whether no worker has it, or its lease is over."""
        return self.lease_until is None or has_passed(self.lease_until, now, longest=LONGEST_LEASE)

    def is_to_begin(self, now: datetime) -> bool:
        """Whether its wait is over."""
        return has_passed(self.not_before, now, longest=WAITING_LIFETIME)

    @property
    def cost(self) -> int | None:
        """Its cost in micro-dollars; None if a part of it is unknown."""
        return None if self.unknown_costs else self.cost_micros

    @property
    def has_ended(self) -> bool:
        """Whether it has reached a final state; only a retry of its owner changes it again."""
        return self.state in ENDED

    @property
    def has_place(self) -> bool:
        """Whether it takes a place in the owner's quota; after it has ended, its image takes one."""
        return self.promised and not self.has_ended

    def moved_to(self, state: JobItemState, *, change: str, **changes: Any) -> "JobItem":
        """The next version of the item; Conflict if the transition is not legal."""
        if state not in JOB_ITEM_TRANSITIONS[self.state]:
            raise Conflict(f"An image of a job that is {self.state} cannot become {state}.")
        return replace(self, state=state, version=self.version + 1, change=change, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request for images, with the counts and costs of its items."""

    id: str
    owner: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    """Grows with every change of one of its items."""
    preference: ModelPreference = field(default_factory=ModelPreference)
    counts: Mapping[JobItemState, int]
    cost_micros: int = 0
    unknown_costs: int = 0
    is_cancelled: bool = False
    prompt: str | None = None
    """The beginning of its first prompt; None if prompts are encrypted."""
    image_id: str | None = None
    """The first image it has made; None if there is none yet."""

    @property
    def total(self) -> int:
        """The number of its items."""
        return sum(self.counts.values())

    @property
    def has_ended(self) -> bool:
        """Whether all of its items have ended."""
        return not self.counts[JobItemState.QUEUED] and not self.counts[JobItemState.RUNNING]

    @property
    def cost(self) -> int | None:
        """Its cost so far in micro-dollars; None if a part of it is unknown."""
        return None if self.unknown_costs else self.cost_micros

    @property
    def status(self) -> JobStatus:
        """The status that follows from its counts."""
        counts = self.counts
        if not self.has_ended:
            waiting = counts[JobItemState.QUEUED] == self.total
            return JobStatus.QUEUED if waiting else JobStatus.RUNNING
        if counts[JobItemState.SUCCEEDED] == self.total:
            return JobStatus.SUCCEEDED
        if counts[JobItemState.CANCELLED]:
            return JobStatus.CANCELLED
        return JobStatus.PARTIAL if counts[JobItemState.SUCCEEDED] else JobStatus.FAILED


def work_on(item: JobItem) -> GenerateImage:
    """The queue message for an item at its current version."""
    return GenerateImage(item.job_id, item.index, item.version)


def is_superseded(work: GenerateImage, item: JobItem) -> bool:
    """Whether a message is for an earlier version of an item; after a restore, the row may be the earlier one."""
    return 0 < work.version < item.version


def initial_counts(items: int) -> dict[JobItemState, int]:
    """The counts of a new job."""
    return {state: items if state is JobItemState.QUEUED else 0 for state in JobItemState}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobItemChange:
    """An item before and after a change, with the outcome of the call that ended with it."""

    before: JobItem
    after: JobItem
    outcome: CallOutcome | None = None


@dataclass(frozen=True, slots=True)
class JobName:
    """A name of a job: the digest of a request, or of an Idempotency-Key."""

    name: str
    fingerprint: str
    """A digest of the request that took the name."""
    until: datetime


@dataclass(frozen=True, slots=True)
class NamedJob:
    """The job that has a name."""

    job_id: str
    fingerprint: str
    until: datetime = field(compare=False)
    """In whole seconds."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of an owner's jobs, the newest first, and the id after which the next page starts."""

    jobs: tuple[Job, ...]
    resume_after: str | None
